/** A line drawn around works selects them. */

import { plural, say } from "./dom.js";

const d3 = window.d3;

export class Lasso {
  constructor(map) {
    Object.assign(this, { map, on: false, line: [] });
    const { root } = map;
    root.addEventListener("pointerdown", (event) => this._start(event));
    root.addEventListener("pointermove", (event) => this._draw(event));
    root.addEventListener("pointerup", () => this._end());
  }

  toggle(on = !this.on) {
    this.on = on;
    this.map.root.classList.toggle("lasso", on);
  }

  _start(event) {
    if (!this.on || event.button) return;
    this.line = [d3.pointer(event, this.map.root)];
    this.map.root.setPointerCapture(event.pointerId);
  }

  _draw(event) {
    if (!this.line.length) return;
    this.line.push(d3.pointer(event, this.map.root));
    this.map.paint();
  }

  _end() {
    if (this.line.length > 2) {
      const rows = this.map.picker.inside(this.line, this.map.screen);
      this.map.state.select(rows);
      say(`${plural(rows.length, "work")} added to the selection`);
    }
    this.line = [];
    this.map.paint();
  }

  paint(context, colour) {
    if (this.line.length < 2) return;
    context.beginPath();
    this.line.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.setLineDash([5, 4]);
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 0.12;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
  }
}
