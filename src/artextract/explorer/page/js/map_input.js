/** Pointer, wheel, fingers and keys on the map. */

import { say } from "./dom.js";
import { Lasso } from "./map_lasso.js";

const d3 = window.d3;
const ARROWS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]);

export class MapInput {
  constructor(map) {
    this.map = map;
    this.transform = d3.zoomIdentity;
    this.lasso = new Lasso(map);
    this.zoom = d3
      .zoom()
      .scaleExtent([0.8, 80])
      .clickDistance(4)
      .filter((event) => !this.lasso.on && !event.button)
      .on("zoom", (event) => this._zoomed(event));
    this.surface = d3.select(map.root);
    this.surface.call(this.zoom).on("dblclick.zoom", null);
    const { root } = map;
    root.addEventListener("click", (event) => this._click(event));
    root.addEventListener("pointermove", (event) => this._hover(event));
    root.addEventListener("pointerleave", () => map.app.label.hide());
    root.addEventListener("keydown", (event) => this._key(event));
    root.addEventListener("blur", () => map.setCursor(null));
  }

  _zoomed(event) {
    this.transform = event.transform;
    this.map.app.label.hide();
    if (event.sourceEvent || this._own) this._remember();
    this.map.paint();
  }

  /** Writes the map's middle and zoom, in its own units, into the address. */
  _remember() {
    const { width, height, transform: t, state } = this.map;
    this._telling = true;
    state.set({ x: (width / 2 - t.x) / t.k, y: (height / 2 - t.y) / t.k, z: this.transform.k });
    this._telling = false;
  }

  /** Takes the middle and zoom of the address. */
  follow() {
    if (this._telling || !this.map.width) return;
    const { x, y, z } = this.map.state.values;
    const { base, width, height } = this.map;
    const to = d3.zoomIdentity
      .translate(width / 2 - (x * base.k + base.x) * z, height / 2 - (y * base.k + base.y) * z)
      .scale(z);
    this.surface.call(this.zoom.transform, to);
  }

  _act(fn) {
    this._own = true;
    fn();
    this._own = false;
  }

  scale(by) {
    this._act(() => this.surface.call(this.zoom.scaleBy, by));
  }

  reset() {
    this._act(() => this.surface.call(this.zoom.transform, d3.zoomIdentity));
  }

  centre(x, y) {
    const { base } = this.map;
    this._act(() => this.surface.call(this.zoom.translateTo, x * base.k + base.x, y * base.k + base.y));
  }

  _at(event) {
    const [x, y] = d3.pointer(event, this.map.root);
    return this.map.picker.at(x, y, this.map.boxes, this.map.transform);
  }

  _click(event) {
    if (this.lasso.on || event.defaultPrevented) return;
    const row = this._at(event);
    if (row === null) return;
    if (event.shiftKey) this.map.state.toggleSelected(row);
    else this.map.app.open(row);
  }

  _hover(event) {
    if (this.lasso.on || event.buttons || event.pointerType === "touch") return;
    const row = this._at(event);
    this.map.root.classList.toggle("pointing", row !== null);
    this.map.app.label.show(row, event.clientX, event.clientY);
  }

  _key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.map.root) return;
    const act = this._action(event.key);
    if (!act) return;
    event.preventDefault();
    act();
  }

  _action(key) {
    const { map } = this;
    if (ARROWS.has(key)) return () => this._step(key);
    if (key === "Enter" && map.cursor !== null) return () => map.app.open(map.cursor, true);
    if (key === " " && map.cursor !== null) return () => map.state.toggleSelected(map.cursor);
    if (key === "+" || key === "=") return () => this.scale(1.5);
    if (key === "-") return () => this.scale(1 / 1.5);
    if (key === "0") return () => this.reset();
    if (key === "Escape") return () => map.setCursor(null);
    return null;
  }

  async _step(key) {
    const { map } = this;
    const from = map.cursor ?? map.state.row;
    const row = from === null ? map.picker.near(map.state.values.x, map.state.values.y) : map.picker.beside(from, key);
    if (row === null) return;
    map.setCursor(row);
    map._reveal(row);
    const work = await map.data.work(row);
    say([work.title || "Untitled", work.attribution || work.artist, work.date].filter(Boolean).join(", "));
  }
}
