/** The small card that follows the pointer over the map. */

import { painterOf, titleOf } from "./card.js";
import { h } from "./dom.js";

export class Label {
  constructor(app) {
    this.app = app;
    this.element = h("div", { class: "hover", hidden: true, "aria-hidden": "true" });
    document.body.append(this.element);
  }

  async show(row, x, y) {
    this.row = row;
    if (row === null) return this.hide();
    const work = await this.app.data.work(row);
    if (this.row !== row) return null;
    this.element.replaceChildren(
      h("strong", { text: titleOf(work), dir: "auto" }),
      h("span", { text: [painterOf(work), work.date].filter(Boolean).join(", "), dir: "auto" }),
    );
    this.element.hidden = false;
    const { width, height } = this.element.getBoundingClientRect();
    this.element.style.left = `${Math.min(x + 14, innerWidth - width - 8)}px`;
    this.element.style.top = `${y + 18 + height > innerHeight ? y - height - 10 : y + 18}px`;
    return null;
  }

  hide() {
    this.row = null;
    this.element.hidden = true;
  }
}
