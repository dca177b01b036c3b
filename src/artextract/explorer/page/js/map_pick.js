/** Which work is meant: by a pointer, by an arrow key, by a lasso. */

const d3 = window.d3;
const REACH = 14; // CSS pixels around a dot

export class Picker {
  constructor() {
    this.tree = null;
  }

  /** Forget the tree: positions or the works that match have changed. */
  reset(xy, mask) {
    Object.assign(this, { xy, mask, tree: null });
  }

  _tree() {
    if (!this.tree) {
      const { xy, mask } = this;
      const rows = [];
      for (let row = 0; row < mask.length; row++) if (mask[row]) rows.push(row);
      this.tree = d3.quadtree(
        rows,
        (row) => xy[row * 2],
        (row) => xy[row * 2 + 1],
      );
    }
    return this.tree;
  }

  /**
   * The work under a point.
   * @param {Array<{row, x, y, w, h}>} boxes - Painted thumbnails, the last on top.
   * @returns {number|null}
   */
  at(x, y, boxes, transform) {
    for (let i = boxes.length - 1; i >= 0; i--) {
      const box = boxes[i];
      if (x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h) return box.row;
    }
    const found = this._tree().find(
      (x - transform.x) / transform.k,
      (y - transform.y) / transform.k,
      REACH / transform.k,
    );
    return found ?? null;
  }

  /** The work nearest to a place of the map. */
  near(x, y) {
    return this._tree().find(x, y) ?? null;
  }

  /** The nearest work to the left, right, above or below of another: within 45 degrees, far sideways counts double. */
  beside(row, direction) {
    const { xy, mask } = this;
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[direction];
    let best = null;
    let least = Infinity;
    for (let other = 0; other < mask.length; other++) {
      if (!mask[other] || other === row) continue;
      const x = xy[other * 2] - xy[row * 2];
      const y = xy[other * 2 + 1] - xy[row * 2 + 1];
      const along = x * dx + y * dy;
      const aside = Math.abs(x * dy) + Math.abs(y * dx);
      if (along <= 0 || aside > along) continue;
      const cost = along + 2 * aside;
      if (cost < least) [best, least] = [other, cost];
    }
    return best;
  }

  /** Rows inside a polygon of screen points. */
  inside(polygon, screen) {
    const rows = [];
    for (let row = 0; row < this.mask.length; row++) {
      if (this.mask[row] && d3.polygonContains(polygon, [screen[row * 2], screen[row * 2 + 1]])) rows.push(row);
    }
    return rows;
  }
}
