/** What the classifier got right and wrong: a confusion matrix whose cells open pictures. */

import { json } from "./api.js";
import { className } from "./classes.js";
import { h, plural, put } from "./dom.js";

const SHOWN = 60;
const percent = (share) => `${Math.round(share * 100)}%`;

export class Errors {
  constructor(app) {
    this.app = app;
    this.body = h("div", {});
    this.root = h(
      "div",
      { class: "view scrolling page", id: "errors", hidden: true, tabindex: -1 },
      h("h2", { text: "Classification" }),
      this.body,
    );
    app.state.on((changed) => {
      if (["task", "cell", "view"].some((key) => changed.has(key)) && !this.root.hidden) this._draw();
    });
  }

  async show(on) {
    this.root.hidden = !on;
    if (!on) return;
    this.tasks ||= (await json("data/errors.json")).tasks;
    this._draw();
  }

  _draw() {
    if (!this.tasks) return;
    const { state } = this.app;
    const keys = Object.keys(this.tasks);
    const key = keys.includes(state.values.task) ? state.values.task : keys[0];
    const task = named(this.tasks[key], key);
    const tabs = h(
      "div",
      { class: "switch", role: "group", "aria-label": "Task" },
      keys.map((one) =>
        h("button", {
          type: "button",
          text: className(one),
          "aria-pressed": String(one === key),
          onclick: () => state.set({ task: one, cell: "" }, true),
        }),
      ),
    );
    put(
      this.body,
      h("p", { class: "lead", text: summary(task) }),
      tabs,
      h(
        "div",
        { class: "matrix-and-key" },
        matrix(task, state),
        h("p", {
          class: "more",
          text: "Rows are what a work is, columns what the network says. Choose a number to see the works behind it.",
        }),
      ),
      this._pictures(task),
    );
  }

  _pictures(task) {
    const [is, says] = this.app.state.values.cell.split(">");
    const chosen = Boolean(this.app.state.values.cell);
    const rows = task.rows
      .filter((row) => (chosen ? row.true === is && row.predicted === says : row.true !== row.predicted))
      .sort((a, b) => b.confidence - a.confidence);
    const title = chosen
      ? `${plural(rows.length, "work")}: ${is}, predicted ${says}`
      : `${plural(rows.length, "mistake")}, the most confident first`;
    const clear = chosen
      ? h("button", {
          type: "button",
          class: "quiet",
          text: "All mistakes",
          onclick: () => this.app.state.set({ cell: "" }, true),
        })
      : null;
    return h(
      "section",
      { "aria-label": "Works" },
      h("div", { class: "heading" }, h("h3", { text: title }), clear),
      h("ol", { class: "mistakes" }, rows.slice(0, SHOWN).map(entry)),
      rows.length > SHOWN
        ? h("p", { class: "more", text: `${rows.length - SHOWN} more are not shown: choose a cell.` })
        : null,
    );
  }
}

/** Classes by their names for people, whether the file has names or positions. */
function named(task, key) {
  const classes = task.classes.map((one) => className(one, key));
  const name = (one) => (typeof one === "number" ? classes[one] : className(one, key));
  return {
    ...task,
    classes,
    rows: task.rows.map((row) => ({
      ...row,
      true: name(row.true),
      predicted: name(row.predicted),
      top: (row.top || []).map(([one, p]) => [name(one), p]),
    })),
  };
}

function summary(task) {
  const right = task.rows.filter((row) => row.true === row.predicted).length;
  const unsure = task.rows.filter((row) => row.unsure).length;
  const raw =
    task.calibrated === false ? " Probabilities are not calibrated here: too few works were kept back for it." : "";
  return `${right} of ${plural(task.rows.length, "validation work")} are right${unsure ? `; the network is unsure about ${unsure}` : ""}. None of them was trained on.${raw}`;
}

function matrix(task, state) {
  const { classes } = task;
  const counts = new Map();
  for (const row of task.rows)
    counts.set(`${row.true}>${row.predicted}`, (counts.get(`${row.true}>${row.predicted}`) || 0) + 1);
  const most = Math.max(1, ...counts.values());
  const head = h(
    "tr",
    {},
    h("td", {}),
    classes.map((one) => h("th", { scope: "col" }, h("span", { text: one }))),
  );
  const lines = classes.map((is) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", text: is }),
      classes.map((says) => cell(is, says, counts.get(`${is}>${says}`) || 0, most, state)),
    ),
  );
  const table = h("table", { class: "matrix" }, h("thead", {}, head), h("tbody", {}, lines));
  table.style.setProperty("--longest", Math.max(...classes.map((one) => one.length)));
  return h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Confusion matrix" }, table);
}

function cell(is, says, count, most, state) {
  if (!count) return h("td", { class: "none" });
  const key = `${is}>${says}`;
  const button = h("button", {
    type: "button",
    text: count,
    "aria-pressed": String(state.values.cell === key),
    onclick: () => state.set({ cell: key }, true),
    "aria-label": `${plural(count, "work")}: ${is}, predicted ${says}`,
    class: is === says ? "right" : "wrong",
  });
  button.style.setProperty("--share", count / most);
  return h("td", {}, button);
}

function entry(row) {
  const safe = typeof row.picture === "string" && /^[\w-]+\/[\w./-]+$/.test(row.picture) && !row.picture.includes("..");
  const top = row.top.map(([name, p]) =>
    h(
      "li",
      { class: name === row.true ? "truth" : "" },
      h("span", { text: name }),
      h("span", { class: "number", text: percent(p) }),
    ),
  );
  return h(
    "li",
    { class: "mistake" },
    h(
      "span",
      { class: "mat" },
      safe
        ? h("img", { src: row.picture, alt: "", loading: "lazy" })
        : h("span", { class: "nopicture", text: "not shown" }),
    ),
    h("strong", { class: "name", text: row.title, dir: "auto" }),
    row.painter ? h("span", { class: "by", text: row.painter, dir: "auto" }) : null,
    h(
      "p",
      {},
      "is ",
      h("b", { text: row.true }),
      row.true === row.predicted ? ", and so predicted" : ", predicted ",
      row.true === row.predicted ? "" : h("b", { class: "said", text: row.predicted }),
      `, ${percent(row.confidence)}`,
    ),
    row.unsure ? h("p", { class: "unsure", text: "unsure" }) : null,
    h("ol", { class: "top" }, top),
  );
}
