/** A picture seen closely, and two pictures side by side that move together, at the same scale. */

import { captionOf, painterOf, titleOf } from "./card.js";
import { button, h, script } from "./dom.js";

/**
 * The library would write a style sheet into the page, which the page's own policy forbids. It does not where it finds one: here
 * an element of that name that is no style sheet.
 */
function prepare() {
  if (document.querySelector("style[data-openseadragon-mobile-css]")) return;
  const none = document.createElementNS("", "style");
  none.setAttribute("data-openseadragon-mobile-css", "true");
  document.head.append(none);
}

function viewer(element, address) {
  prepare();
  return window.OpenSeadragon({
    element,
    tileSources: { type: "image", url: address },
    drawer: "canvas",
    showNavigationControl: false,
    maxZoomPixelRatio: 8,
    minZoomImageRatio: 0.5,
    visibilityRatio: 0.3,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    crossOriginPolicy: false,
  });
}

export class Viewer {
  constructor(app) {
    this.app = app;
    this.dialog = h("dialog", { class: "viewer", "aria-label": "Pictures seen closely" });
    document.body.append(this.dialog);
    this.dialog.addEventListener("close", () => this._closed());
    app.state.on((changed) => {
      if (changed.has("with")) this.follow();
    });
    this.viewers = [];
  }

  /** Compares what the address says. */
  follow() {
    const { row, other } = this.app.state;
    if (row !== null && other !== null) this.show([row, other]);
    else if (this.dialog.open && this.rows?.length === 2) this.dialog.close();
  }

  /** Opens one work or two. */
  async show(rows) {
    this.rows = rows;
    const [works] = await Promise.all([this.app.data.works(rows), script("vendor/openseadragon.min.js")]);
    this._forget();
    const panes = works.map((work) => this._pane(work));
    const names = ["+", "-"].map((sign) =>
      button(sign === "+" ? "+" : "−", () => this._zoom(sign === "+" ? 1.4 : 1 / 1.4), {
        "aria-label": sign === "+" ? "Zoom in" : "Zoom out",
      }),
    );
    this.dialog.replaceChildren(
      h(
        "div",
        { class: "heading" },
        h(
          "div",
          { class: "actions" },
          names,
          button("Whole", () => this._home()),
        ),
        h("p", {
          class: "more",
          text: rows.length > 1 ? "Both move together: a pixel of one is as large as a pixel of the other." : "",
        }),
        button("Close", () => this.dialog.close(), { class: "main", autofocus: true }),
      ),
      h(
        "div",
        { class: rows.length > 1 ? "panes two" : "panes" },
        panes.map((pane) => pane.element),
      ),
    );
    if (!this.dialog.open) this.dialog.showModal();
    this.viewers = panes
      .filter((pane) => pane.screen)
      .map((pane) => viewer(pane.screen, this.app.data.picture(pane.work.row)));
    if (this.viewers.length === 2) await this._together();
    this.dialog.dataset.ready = "yes";
  }

  _pane(work) {
    const screen = work.picture ? h("div", { class: "screen" }) : null;
    const element = h(
      "figure",
      { "aria-label": captionOf(work) },
      screen || h("p", { class: "nopicture", text: "This picture may not be shown here." }),
      h(
        "figcaption",
        {},
        h("strong", { text: titleOf(work), dir: "auto" }),
        h("span", { text: [painterOf(work), work.date].filter(Boolean).join(", ") }),
      ),
    );
    return { work, screen, element };
  }

  /** Both show the same number of picture pixels per screen pixel, and follow each other around their middles. */
  async _together() {
    const opened = (one) =>
      one.world.getItemCount() ? null : new Promise((resolve) => one.addOnceHandler("open", resolve));
    await Promise.all(this.viewers.map(opened));
    const scale = (one) => one.viewport.viewportToImageZoom(one.viewport.getZoom(false));
    const least = Math.min(...this.viewers.map(scale));
    for (const one of this.viewers) one.viewport.zoomTo(one.viewport.imageToViewportZoom(least), null, true);
    const size = (one) => one.world.getItemAt(0).getContentSize();
    const follow = (from, to) => {
      if (this.leading && this.leading !== from) return;
      this.leading = from;
      const middle = from.viewport.viewportToImageCoordinates(from.viewport.getCenter(false));
      const [a, b] = [size(from), size(to)];
      to.viewport.zoomTo(to.viewport.imageToViewportZoom(scale(from)), null, true);
      to.viewport.panTo(
        to.viewport.imageToViewportCoordinates(middle.x - a.x / 2 + b.x / 2, middle.y - a.y / 2 + b.y / 2),
        true,
      );
      this.leading = null;
    };
    const [left, right] = this.viewers;
    for (const [from, to] of [
      [left, right],
      [right, left],
    ])
      for (const event of ["zoom", "pan"]) from.addHandler(event, () => follow(from, to));
  }

  _zoom(by) {
    const [first] = this.viewers;
    first?.viewport.zoomBy(by);
  }

  _home() {
    this.viewers[0]?.viewport.goHome();
  }

  _forget() {
    for (const one of this.viewers) one.destroy();
    this.viewers = [];
    delete this.dialog.dataset.ready;
  }

  _closed() {
    this._forget();
    if (this.app.state.values.with !== null) this.app.state.set({ with: null }, true);
  }
}
