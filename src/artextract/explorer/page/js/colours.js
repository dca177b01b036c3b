/** Colours of categories, and of the page as the style sheet sets them. */

const d3 = window.d3;
const QUIET = [
  "#2f6f8f",
  "#b5432a",
  "#c79a3b",
  "#5f8a5a",
  "#7d5a86",
  "#c77f8e",
  "#3f9c9c",
  "#8a6d4b",
  "#8fb9cb",
  "#6b7280",
];
const MOST = 10;

export const abgr = (colour, opacity = 1) => {
  const { r, g, b } = d3.rgb(colour);
  return ((Math.round(opacity * 255) << 24) | (b << 16) | (g << 8) | r) >>> 0;
};

/** The style sheet's colours, in light or dark. */
export function theme() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: read("ink"),
    soft: read("soft"),
    line: read("line"),
    paper: read("paper"),
    accent: read("accent"),
    dot: read("dot"),
  };
}

/**
 * Which colour a category has: the ten largest one each, the rest none; ordered categories run from dark to light.
 * @returns {{of: function(number): (string|null), legend: Array<{label: string, colour: string, code: number}>, rest: number}}
 */
export function colouring(facet) {
  if (!facet) return { of: () => null, legend: [], rest: 0 };
  const codes = d3.range(facet.categories.length);
  const chosen = facet.ordered
    ? codes
    : [...codes].sort((a, b) => facet.categories[b].count - facet.categories[a].count).slice(0, MOST);
  const ramp = (i) =>
    d3.interpolateRgbBasis(["#35507a", "#3f9c9c", "#c79a3b", "#b5432a"])(i / Math.max(1, codes.length - 1));
  const colours = new Map(chosen.map((code, i) => [code, facet.ordered ? ramp(i) : QUIET[i % QUIET.length]]));
  return {
    of: (code) => colours.get(code) ?? null,
    legend: chosen.map((code) => ({ label: facet.categories[code].label, colour: colours.get(code), code })),
    rest: codes.length - chosen.length,
  };
}
