/** Two lists to check by eye: near-duplicates, and works that look unlike their attribution. */

import { captionOf, card, painterOf } from "./card.js";
import { button, h, plural } from "./dom.js";

const STEP = 40;

/** A page whose entries are made a few dozen at a time. */
class List {
  constructor(app, id, title, lead, entries, make) {
    Object.assign(this, { app, entries, make, shown: 0 });
    this.list = h("ol", { class: "entries" });
    this.more = button("Show more", () => this._grow(), { class: "main" });
    this.root = h(
      "div",
      { class: "view scrolling page", id, hidden: true, tabindex: -1 },
      h("h2", { text: title }),
      h("p", { class: "lead", text: lead }),
      this.list,
      this.more,
    );
  }

  show(on) {
    this.root.hidden = !on;
    if (on && !this.shown) this._grow();
  }

  async _grow() {
    const next = this.entries.slice(this.shown, this.shown + STEP);
    this.shown += next.length;
    this.more.hidden = this.shown >= this.entries.length;
    this.list.append(...(await Promise.all(next.map(this.make))));
  }
}

/** Groups of near-duplicates. */
export function duplicates(app) {
  const groups = app.data.manifest.duplicates || [];
  const make = async (rows) => {
    const works = await app.data.works(rows);
    const both =
      works.length === 2
        ? button("Compare", () => app.state.set({ work: app.data.ids[rows[0]], with: app.data.ids[rows[1]] }, true))
        : null;
    return h(
      "li",
      { class: "entry group" },
      works.map((work) =>
        h(
          "div",
          { class: "one" },
          card(app, work, h("span", { class: "by", text: [painterOf(work), work.date].filter(Boolean).join(", ") })),
        ),
      ),
      both,
    );
  };
  return new List(
    app,
    "copies",
    "Near-duplicates",
    `${plural(groups.length, "group")} of works whose pictures are nearly the same: versions, copies, details, sides and panels. A work's own group is never counted among its nearest.`,
    groups,
    make,
  );
}

/** Works with better evidence for another painter than for their own. */
export function outliers(app) {
  const found = app.data.manifest.outliers || [];
  const make = async (one) => {
    const work = await app.data.work(one.row);
    return h(
      "li",
      { class: "entry" },
      h("div", { class: "one" }, card(app, work)),
      h(
        "dl",
        {},
        line("attributed to", one.attributed || painterOf(work)),
        line("looks more like", one.looks_like),
        one.reason || typeof one.score !== "number" ? null : line("difference", one.score.toFixed(2)),
      ),
      one.reason ? h("p", { class: "more", text: one.reason }) : null,
      button("Works by both", () => both(app, one), { "aria-label": `Works by both painters of ${captionOf(work)}` }),
    );
  };
  return new List(
    app,
    "attribution",
    "Unlike their attribution",
    `${plural(found.length, "work")} whose nearest works are by another painter. Copies, workshop pieces and early works end up here as well as mistakes: this is a list to look at, and no verdict.`,
    found,
    make,
  );
}

function line(name, value) {
  return h("div", {}, h("dt", { text: name }), h("dd", { text: value, dir: "auto" }));
}

function both(app, one) {
  const facet = app.data.facet("painter");
  const begins = (name) =>
    facet.categories.map((category) => category.label).find((label) => label === name || label.startsWith(`${name} (`));
  const labels = facet ? [app.data.category(facet, one.row), begins(one.looks_like)].filter(Boolean) : [];
  app.state.set(
    { view: "grid", work: app.data.ids[one.row], filters: labels.length ? { [facet.key]: labels } : {} },
    true,
  );
}
