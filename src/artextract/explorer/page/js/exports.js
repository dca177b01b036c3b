/** A selection as files for other programs: CSV, and a IIIF Presentation 3 manifest. */

import { painterOf, titleOf } from "./card.js";

const COLUMNS = ["id", "title", "artist", "attribution", "date", "year", "medium", "credit", "link"];

const BEGINS = "[=+@\\-\u2212\uFE62\uFE63\uFE66\uFE6B\uFF0B\uFF0D\uFF1D\uFF20]";
const UNSEEN = "\u00AD\u034F\u061C\u180E\u200B-\u200F\u2060-\u206F\uFEFF\uFFF9-\uFFFC";
const FORMULA = new RegExp(`^'*(?:(?:[\\s${UNSEEN}]|%0[9ad]|%20)*${BEGINS}|[\\t\\r\\n]|%0[9ad])`, "i");
const INNER = new RegExp(`([;\\t\\n])(?='*(?:[^\\S\\t\\n]|[${UNSEEN}]|%20)*${BEGINS})`, "g");
const NUMBER = /^[+-]?(?:\d+(?:[.,]\d+)?|\.\d+)(?:e[+-]?\d+)?%?$/i;

/** Text that no spreadsheet takes for a formula, by the rules of core/spreadsheet.py. */
export function defused(text) {
  const lines = text.replace(/\r\n?/g, "\n");
  const inner = lines.replace(INNER, "$1'");
  return FORMULA.test(lines) && !NUMBER.test(lines) ? `'${inner}` : inner;
}

/** One field. */
function field(value) {
  const text = value === null || value === undefined ? "" : defused(String(value));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The works as CSV, with a mark by which Excel knows UTF-8. */
export function csv(works) {
  const extra = [...new Set(works.flatMap((work) => Object.keys(work.extra)))];
  const lines = works.map((work) => [
    ...COLUMNS.map((column) => work[column]),
    ...extra.map((column) => work.extra[column]),
  ]);
  return `\uFEFF${[[...COLUMNS, ...extra], ...lines].map((line) => line.map(field).join(",")).join("\r\n")}\r\n`;
}

const said = (text) => ({ none: [String(text)] });

/**
 * The works that have pictures, a canvas each.
 * @param {Array} works
 * @param {function(number): string} address - Of a row's picture, whole.
 * @param {string} base - Address of the page, for identifiers.
 * @param {string} label
 */
export function iiif(works, address, base, label) {
  const shown = works.filter((work) => work.picture);
  return {
    "@context": "http://iiif.io/api/presentation/3/context.json",
    id: new URL("selection.json", base).href,
    type: "Manifest",
    label: said(label),
    items: shown.map((work) =>
      canvas(work, address(work.row), new URL(`selection/${encodeURIComponent(work.id)}`, base).href),
    ),
  };
}

function canvas(work, address, id) {
  const size = { width: work.width || 640, height: work.height || 640 };
  const facts = [
    ["Title", titleOf(work)],
    ["Painter", painterOf(work)],
    ["Date", work.date],
    ["Medium", work.medium],
    ["Identifier", work.id],
  ];
  const body = { id: address, type: "Image", format: "image/jpeg", ...size };
  return {
    id,
    type: "Canvas",
    label: said(titleOf(work)),
    ...size,
    metadata: facts
      .filter(([, value]) => value)
      .map(([name, value]) => ({ label: { en: [name] }, value: said(value) })),
    ...(work.credit ? { requiredStatement: { label: { en: ["Credit"] }, value: said(work.credit) } } : {}),
    ...(/^https:\/\//i.test(work.link || "")
      ? { homepage: [{ id: work.link, type: "Text", label: { en: ["The museum's page"] }, format: "text/html" }] }
      : {}),
    items: [
      {
        id: `${id}/page`,
        type: "AnnotationPage",
        items: [{ id: `${id}/image`, type: "Annotation", motivation: "painting", body, target: id }],
      },
    ],
  };
}
