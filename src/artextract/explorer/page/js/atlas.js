/** Thumbnails in atlases, and single pictures when the map is close: decoded off the main thread, a bounded number kept. */

import { blob } from "./api.js";

const name = (number) => String(number).padStart(4, "0");

/** Images by key, the least recently used dropped. */
class Kept {
  constructor(most, address, arrived) {
    Object.assign(this, { most, address, arrived, images: new Map(), asked: new Set() });
  }

  /** The image, or null while it is on its way. */
  get(key) {
    const image = this.images.get(key);
    if (image) {
      this.images.delete(key);
      this.images.set(key, image);
      return image;
    }
    if (!this.asked.has(key)) this._fetch(key);
    return null;
  }

  async _fetch(key) {
    this.asked.add(key);
    try {
      const image = await createImageBitmap(await blob(this.address(key)));
      this.images.set(key, image);
      while (this.images.size > this.most) this._drop(this.images.keys().next().value);
      this.arrived();
    } catch {
      return; // stays asked for: a file that is missing is not asked for again and again
    }
  }

  _drop(key) {
    this.images.get(key).close();
    this.images.delete(key);
    this.asked.delete(key);
  }
}

export class Atlas {
  /**
   * @param {Data} data
   * @param {function} arrived - Called when an image has come, to paint again.
   */
  constructor(data, arrived) {
    const { per, cell } = data.manifest.thumbs;
    const few = matchMedia("(max-width: 50rem)").matches;
    const most = Math.max(4, Math.floor((few ? 96e6 : 256e6) / (per * cell * cell * 4)));
    this.data = data;
    this.most = most;
    this.sheets = new Kept(most, (sheet) => `thumbs/${name(sheet)}.webp`, arrived);
    this.pictures = new Kept(few ? 40 : 100, (row) => data.picture(row), arrived);
  }

  /** {image, x, y, size} of a work's thumbnail, or null while its sheet is on its way. */
  thumb(row) {
    const { per, columns, cell } = this.data.manifest.thumbs;
    const at = this.data.cell(row);
    const image = this.sheets.get(Math.floor(at / per));
    if (!image) return null;
    const place = at % per;
    return { image, x: (place % columns) * cell, y: Math.floor(place / columns) * cell, size: cell };
  }

  sheet(row) {
    return Math.floor(this.data.cell(row) / this.data.manifest.thumbs.per);
  }
}
