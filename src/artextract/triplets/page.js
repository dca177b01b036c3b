"use strict";
// Answers live in this browser only. Order and sides follow from the page's seed and the rater's name, so they can be
// computed again, and every answer records them.
(() => {
  const DATA = JSON.parse(document.getElementById("data").textContent);
  const COLUMNS = ["rater", "page", "seed", "position", "triplet", "kind", "repeat", "query", "left", "right", "chosen",
    "seconds", "time"];
  const at = (id) => document.getElementById(id);
  let rater = "", questions = [], answers = [], shownAt = 0;

  // FNV-1a for the seed, then mulberry32: small, and the same in every browser.
  function random(text) {
    let state = 2166136261;
    for (const letter of text) state = Math.imul(state ^ letter.codePointAt(0), 16777619);
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  function shuffled(list, next) {
    const copy = [...list];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = Math.floor(next() * (i + 1));
      [copy[i], copy[j]] = [copy[j], copy[i]];
    }
    return copy;
  }

  // What is repeated is asked in the first half, and again in the second half with the sides swapped.
  function order(name) {
    const next = random(`${DATA.seed}:${DATA.page}:${name}`);
    const asked = DATA.triplets.map((t) => ({ ...t, repeat: 0, swapped: next() < 0.5 }));
    const twice = asked.filter((t) => t.repeated);
    const once = shuffled(asked.filter((t) => !t.repeated), next);
    const half = Math.max(0, Math.floor((asked.length + twice.length) / 2) - twice.length);
    const again = twice.map((t) => ({ ...t, repeat: 1, swapped: !t.swapped }));
    return [...shuffled([...twice, ...once.slice(0, half)], next), ...shuffled([...again, ...once.slice(half)], next)];
  }

  const sides = (t) => (t.swapped ? [t.second, t.first] : [t.first, t.second]);
  const key = () => `artextract-triplets:${DATA.page}:${rater}`;

  function keep() {
    try {
      localStorage.setItem(key(), JSON.stringify(answers));
      localStorage.setItem(`artextract-triplets:${DATA.page}`, rater);
    } catch { at("warning").hidden = false; }
  }

  function kept() {
    try {
      const found = JSON.parse(localStorage.getItem(key()) || "[]");
      return Array.isArray(found) ? found.slice(0, questions.length) : [];
    } catch { return []; }
  }

  function show() {
    const n = answers.length, total = questions.length, over = n >= total;
    at("start").hidden = true;
    at("ask").hidden = over;
    at("end").hidden = !over;
    at("undo").disabled = n === 0;
    at("save").disabled = n === 0;
    at("done").textContent = `${n} of ${total}`;
    const bar = at("progress");
    bar.setAttribute("aria-valuemax", total);
    bar.setAttribute("aria-valuenow", n);
    bar.firstElementChild.style.width = `${(100 * n) / total}%`;
    if (over) return;
    const [left, right] = sides(questions[n]);
    at("query").firstElementChild.src = DATA.images[questions[n].query];
    at("left").firstElementChild.src = DATA.images[left];
    at("right").firstElementChild.src = DATA.images[right];
    document.activeElement?.blur(); // or Enter would answer for the side that was clicked last
    shownAt = performance.now();
  }

  function choose(side) {
    if (at("ask").hidden) return;
    const seconds = Math.round((performance.now() - shownAt) / 100) / 10;
    answers.push({ chosen: side, seconds, time: new Date().toISOString() });
    keep();
    show();
  }

  function undo() {
    if (!answers.length) return;
    answers.pop();
    keep();
    show();
  }

  function csv() {
    const lines = answers.map((answer, position) => {
      const t = questions[position], [left, right] = sides(t);
      const row = { ...t, ...answer, rater, page: DATA.page, seed: DATA.seed, position, left, right };
      return COLUMNS.map((name) => row[name]).join(",");
    });
    return [COLUMNS.join(","), ...lines].join("\n") + "\n";
  }

  function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    link.download = `answers-${DATA.page}-${rater.replace(/[^A-Za-z0-9]+/g, "_")}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  const repeats = DATA.triplets.filter((t) => t.repeated).length;
  at("count").textContent = DATA.triplets.length + repeats;
  try { at("rater").value = localStorage.getItem(`artextract-triplets:${DATA.page}`) || ""; }
  catch { at("warning").hidden = false; }
  at("who").addEventListener("submit", (event) => {
    event.preventDefault();
    rater = at("rater").value.trim();
    questions = order(rater);
    answers = kept();
    show();
  });
  at("left").addEventListener("click", () => choose("left"));
  at("right").addEventListener("click", () => choose("right"));
  for (const id of ["undo", "undo-at-end"]) at(id).addEventListener("click", undo);
  for (const id of ["save", "save-at-end"]) at(id).addEventListener("click", save);
  document.addEventListener("keydown", (event) => {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.repeat) return; // a key that is held down is one answer
    if (event.key === "ArrowLeft") choose("left");
    else if (event.key === "ArrowRight") choose("right");
    else if (event.key === "Backspace") undo();
    else return;
    event.preventDefault();
  });
})();
