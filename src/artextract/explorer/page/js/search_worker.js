/** Searches titles and meanings away from the page's thread, so that typing never waits for 100,000 titles. */
"use strict";

importScripts("../vendor/minisearch.js");

const name = (chunk) => String(chunk).padStart(4, "0");
const loaded = new Map();
const once = (key, load) => {
  if (!loaded.has(key)) loaded.set(key, load());
  return loaded.get(key);
};
let manifest = null;

async function file(path, as) {
  const answer = await fetch(`../${path}`);
  if (!answer.ok) throw new Error(`${path} could not be read`);
  return answer[as]();
}

/** Accents do not matter: "Cezanne" finds "Cézanne". */
const plain = (term) => term.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

async function titles() {
  const index = new self.MiniSearch({
    fields: ["title", "painter"],
    idField: "row",
    processTerm: plain,
    searchOptions: {
      prefix: true,
      fuzzy: (term) => (term.length > 4 ? 0.2 : false),
      boost: { title: 2 },
      combineWith: "AND",
    },
  });
  for (let chunk = 0; chunk * manifest.chunk < manifest.works; chunk++) {
    const works = await file(`data/works/${name(chunk)}.json`, "json");
    index.addAll(
      works.title.map((title, i) => ({
        row: chunk * manifest.chunk + i,
        title: title || "",
        painter: `${works.artist[i] || ""} ${works.attribution[i] || ""}`,
      })),
    );
  }
  return index;
}

async function vectors() {
  const { words, dims } = await file("data/words.json", "json");
  return {
    rows: new Map(words.map((word, i) => [plain(word), i])),
    dims,
    values: new Int8Array(await file("data/words.bin", "arrayBuffer")),
  };
}

/** Words that carry no subject are skipped without a remark. */
const SMALL = new Set(["the", "and", "with", "for", "from", "his", "her", "der", "die", "das", "und", "les", "des"]);

/** Mean vector of the words and phrases that the vocabulary has, longest phrases first. */
function mean(query, { rows, dims, values }) {
  const words = plain(query)
    .split(/[^\p{L}\p{N}'-]+/u)
    .filter(Boolean);
  const sum = new Float32Array(dims);
  const unknown = [];
  let known = 0;
  for (let i = 0; i < words.length;) {
    let length = Math.min(3, words.length - i);
    while (length > 0 && !rows.has(words.slice(i, i + length).join(" "))) length -= 1;
    if (!length) {
      if (words[i].length > 2 && !SMALL.has(words[i])) unknown.push(words[i]);
    } else {
      const at = rows.get(words.slice(i, i + length).join(" ")) * dims;
      for (let d = 0; d < dims; d++) sum[d] += values[at + d];
      known += 1;
    }
    i += Math.max(1, length);
  }
  return { vector: known ? sum : null, unknown };
}

async function meaning(query, kind, k) {
  const vocabulary = await once("words", vectors);
  const works = await once(kind, async () => new Int8Array(await file(`data/${kind}.bin`, "arrayBuffer")));
  const { vector, unknown } = mean(query, vocabulary);
  if (!vector) return { rows: [], scores: [], unknown };
  const { dims } = vocabulary;
  const length = Math.hypot(...vector);
  const scores = new Float32Array(manifest.works);
  for (let row = 0; row < manifest.works; row++) {
    let dot = 0;
    let own = 0;
    for (let d = 0; d < dims; d++) {
      const value = works[row * dims + d];
      dot += value * vector[d];
      own += value * value;
    }
    scores[row] = own ? dot / length / Math.sqrt(own) : -1;
  }
  const rows = [...scores.keys()].sort((a, b) => scores[b] - scores[a]).slice(0, k);
  return { rows, scores: rows.map((row) => scores[row]), unknown };
}

async function answer({ kind, q, k }) {
  if (kind === "titles") {
    const found = (await once("index", titles)).search(q);
    return { rows: found.map((one) => one.id), scores: null, unknown: [] };
  }
  return meaning(q, kind === "title" ? "titles" : "seen", k);
}

onmessage = async ({ data }) => {
  if (data.manifest) {
    manifest = data.manifest;
    return;
  }
  try {
    if (data.kind === "warm") await once("index", titles);
    else postMessage({ id: data.id, ...(await answer(data)) });
  } catch (error) {
    postMessage({ id: data.id, problem: String(error.message || error) });
  }
};
