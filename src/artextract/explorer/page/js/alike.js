/** Why two works are alike, in words and as a bar. */

import { h } from "./dom.js";

/** "mostly palette, some texture". */
export function inWords(shares, labels) {
  const order = shares.map((_, i) => i).sort((a, b) => shares[b] - shares[a]);
  const [first, second] = order;
  if (!shares[first]) return "no more alike than usual in any of these";
  const some = order
    .slice(1)
    .filter((i) => shares[i] >= 0.2)
    .map((i) => labels[i]);
  if (shares[first] >= 0.5) return [`mostly ${labels[first]}`, some[0] && `some ${some[0]}`].filter(Boolean).join(", ");
  if (shares[first] - shares[second] < 0.1) return `${labels[first]} and ${labels[second]}`;
  return [labels[first], some[0] && `some ${some[0]}`].filter(Boolean).join(", ");
}

/** One strip, a part per share. */
export function bar(shares, labels) {
  if (!shares.some(Boolean)) return null;
  const percent = shares.map((share, i) => `${labels[i]} ${Math.round(share * 100)}%`).join(", ");
  const element = h("span", { class: "alike", role: "img", "aria-label": percent, title: percent });
  shares.forEach((share, i) => {
    const part = h("span", { class: `share share-${i}` });
    part.style.flexGrow = share;
    element.append(part);
  });
  return element;
}

export function key(labels) {
  return h(
    "ul",
    { class: "key" },
    labels.map((label, i) => h("li", {}, h("span", { class: `swatch share-${i}` }), label)),
  );
}
