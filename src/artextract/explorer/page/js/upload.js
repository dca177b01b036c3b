/** A picture of one's own, by button or drag and drop: what it is, what is near it, where it belongs. Only with `artextract serve`. */

import { api } from "./api.js";
import { card } from "./card.js";
import { className } from "./classes.js";
import { button, h, put } from "./dom.js";

const LARGEST = 64e6; // bytes
const percent = (share) => `${Math.round(share * 100)}%`;

export class Upload {
  constructor(app, place) {
    this.app = app;
    this.input = h("input", {
      type: "file",
      accept: "image/*",
      class: "unseen",
      tabindex: -1,
      "aria-hidden": "true",
      id: "upload",
      onchange: () => this._take(this.input.files[0]),
    });
    place.prepend(
      button("Your picture", () => this.input.click(), {
        title: "Or drop it anywhere on this page. It does not leave this machine.",
      }),
      this.input,
    );
    for (const event of ["dragover", "drop"]) document.addEventListener(event, (dropped) => this._drop(dropped));
  }

  _drop(event) {
    if (![...(event.dataTransfer?.types || [])].includes("Files")) return;
    event.preventDefault();
    document.body.classList.toggle("dropping", event.type === "dragover");
    if (event.type === "drop") this._take(event.dataTransfer.files[0]);
  }

  async _take(file) {
    if (!file) return;
    const { panel } = this.app;
    if (file.size > LARGEST)
      return panel.put(
        heading(panel),
        h("p", { class: "problem", text: "This file is larger than 64 MB. Save the picture smaller." }),
      );
    panel.put(
      heading(panel),
      h("p", {
        class: "more",
        role: "status",
        text: "Looking at your picture. The first one takes longer, since the networks are loaded.",
      }),
    );
    try {
      await this._show(await api.upload(file));
    } catch (error) {
      panel.put(heading(panel), h("p", { class: "problem", role: "alert", text: error.message }));
    }
    this.input.value = "";
    return null;
  }

  async _show(answer) {
    const { app } = this;
    const safe = /^data:image\/(webp|jpeg|png);base64,/.test(answer.thumbnail || "");
    const image = safe ? h("img", { src: answer.thumbnail, alt: "Your picture" }) : null;
    const columns = this._columns(answer.neighbours || {});
    app.panel.put(
      heading(app.panel),
      h("div", { class: "look" }, image),
      predictions(answer),
      h(
        "section",
        { class: "nearest", "aria-label": "Nearest works" },
        h("h3", { text: "Nearest works" }),
        h("div", { class: "columns" }, columns),
      ),
    );
    if (image && answer.place) await this._place(image, answer.place);
    app.map?.setNear(answer.neighbours?.[app.state.values.map]?.rows || answer.neighbours?.image?.rows || []);
  }

  /** One column per space; where the picture was compared at several weights of the subject, they share one with a slider. */
  _columns(neighbours) {
    const { spaces, subject } = this.app.data.manifest;
    const steps = (subject || []).filter((step) => neighbours[`subject-${step}`]);
    const plain = spaces.filter(({ key }) => neighbours[key] && !(steps.length && key === "siamese"));
    const columns = plain.map(({ key, label }) =>
      h("div", { class: "column" }, h("h4", { text: label }), this._list(key, neighbours[key])),
    );
    return steps.length ? [...columns, this._slider(steps, neighbours)] : columns;
  }

  _slider(steps, neighbours) {
    const place = h("div", {});
    const range = h("input", {
      type: "range",
      min: 0,
      max: steps.length - 1,
      value: steps.length >> 1,
      "aria-label": "From look to subject",
    });
    const show = () => {
      range.setAttribute("aria-valuetext", `${steps[range.value]}% subject`);
      put(place, this._list("subject", neighbours[`subject-${steps[range.value]}`]));
    };
    range.addEventListener("input", show);
    show();
    return h(
      "div",
      { class: "column" },
      h("h4", { text: "Look to subject" }),
      h("div", { class: "slide" }, h("span", { text: "look" }), range, h("span", { text: "subject" })),
      place,
    );
  }

  _list(space, { rows, scores }) {
    const { app } = this;
    const list = h("ol", { class: "found", "data-space": space });
    app.data.works(rows).then((works) =>
      put(
        list,
        works.map((work, i) => h("li", {}, card(app, work, h("span", { class: "score", text: scores[i].toFixed(2) })))),
      ),
    );
    return list;
  }

  async _place(image, places) {
    const { map, state } = this.app;
    const [first] = Object.keys(places);
    await image.decode().catch(() => null);
    if (!map || !first || !image.naturalWidth) return;
    map.guests = [{ image, places }];
    if (!places[state.values.map]) state.set({ map: first });
    map.input.centre(...places[state.values.map]);
    map.paint();
  }
}

function heading(panel) {
  return h(
    "div",
    { class: "heading" },
    h("h2", { text: "Your picture" }),
    button("Close", () => panel.dismiss(), { class: "quiet" }),
  );
}

/** Three classes per task with bars, or why there are none, and the training works that look most alike to the network. */
function predictions({ prediction, predicted_by: by, prediction_problem: problem, evidence }) {
  if (!prediction) return problem ? h("p", { class: "more", text: `No prediction: ${problem}` }) : null;
  const tasks = Object.entries(prediction).map(([task, { top, unsure }]) =>
    h(
      "div",
      { class: "task" },
      h("h4", {}, className(task), unsure ? h("span", { class: "unsure", text: "unsure" }) : null),
      h(
        "ol",
        { class: "top" },
        top.map(([name, p]) => {
          const strip = h("span", { class: "strip" });
          strip.style.width = percent(p);
          return h(
            "li",
            {},
            h("span", { text: className(name, task), dir: "auto" }),
            h("span", { class: "number", text: percent(p) }),
            strip,
          );
        }),
      ),
    ),
  );
  const alike = (evidence || []).map(
    (work) =>
      `${[work.title, work.artist && className(work.artist, "artist")].filter(Boolean).join(", ")} (${Number(work.score).toFixed(2)})`,
  );
  return h(
    "section",
    { "aria-label": "Prediction" },
    h("h3", { text: "What the network says" }),
    tasks,
    alike.length
      ? h("p", { class: "more", text: `Most alike among the works it was trained on: ${alike.join("; ")}.` })
      : null,
    by ? h("p", { class: "more", text: `By the network in ${by}.` }) : null,
  );
}
