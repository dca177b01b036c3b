/** Names of classes for people: "still_life" and "vincent-van-gogh" as one writes them. */

const SMALL = new Set([
  "van",
  "von",
  "der",
  "den",
  "de",
  "del",
  "della",
  "di",
  "da",
  "du",
  "la",
  "le",
  "y",
  "the",
  "of",
]);

/** A class of a task; painters get their capitals back. */
export function className(name, task) {
  const words = String(name).replace(/[_-]+/g, " ").trim();
  if (task !== "artist" || words !== words.toLowerCase()) return words;
  return words.replace(/\S+/g, (word, at) => (at && SMALL.has(word) ? word : word[0].toUpperCase() + word.slice(1)));
}
