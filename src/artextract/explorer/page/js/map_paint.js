/** Paints the map: dots as pixels, so that 100,000 take milliseconds on a CPU, and thumbnails where there is room. */

const OVERLAP = 0.78; // thumbnails may lap over each other by a fifth
const [LEAST, EASY] = [26, 48]; // sides of thumbnails in CSS pixels
export const SHARP = 84; // CSS pixels from which the picture itself replaces the thumbnail

/** Side of thumbnails in CSS pixels, from the room that a work has on the screen; large ones grow slowly, so that zooming shows more. */
export function side(n, width, height, zoom) {
  const room = 0.8 * Math.sqrt((width * height) / Math.max(n, 1)) * zoom;
  return Math.min(240, room <= EASY ? Math.max(LEAST, room) : Math.sqrt(EASY * room));
}

/** Screen positions of all works, in CSS pixels. */
export function project(xy, transform, into) {
  const { k, x, y } = transform;
  for (let i = 0; i < into.length; i += 2) {
    into[i] = xy[i] * k + x;
    into[i + 1] = xy[i + 1] * k + y;
  }
  return into;
}

/**
 * Dots of all works; those that do not match are painted first and faintly.
 * @param {Uint32Array} pixels - Of the canvas, in device pixels.
 */
export function dots(pixels, width, height, scale, screen, mask, colours, faint, size) {
  pixels.fill(0);
  const half = size >> 1;
  const cuts = Array.from({ length: size }, (_, line) => cut(line, size));
  const n = mask.length;
  for (let pass = 0; pass < 2; pass++) {
    for (let row = 0; row < n; row++) {
      if (mask[row] !== pass) continue;
      const x = Math.round(screen[row * 2] * scale) - half;
      const y = Math.round(screen[row * 2 + 1] * scale) - half;
      if (x < 0 || y < 0 || x + size > width || y + size > height) continue;
      const colour = pass ? colours[row] : faint;
      for (let line = 0; line < size; line++) {
        const start = (y + line) * width + x;
        pixels.fill(colour, start + cuts[line], start + size - cuts[line]);
      }
    }
  }
}

/** Pixels that a round dot leaves out at either end of a line. */
function cut(line, size) {
  if (size < 4) return 0;
  const radius = size / 2;
  return Math.round(radius - Math.sqrt(Math.max(0, radius * radius - (line + 0.5 - radius) ** 2)));
}

/**
 * Works whose thumbnails find room, in a fixed order, so that panning does not reshuffle them.
 * @param {Int32Array} order - Rows, the most important first.
 * @param {function(number): number} sheetOf - Atlas of a row.
 * @param {number} most - Atlases that a frame may use.
 * @returns {number[]} Rows.
 */
export function placed(order, first, screen, mask, width, height, size, sheetOf, most) {
  const step = size * OVERLAP;
  const columns = Math.ceil((width + 2 * size) / step) + 2;
  const lines = Math.ceil((height + 2 * size) / step) + 2;
  const taken = new Int32Array(columns * lines).fill(-1);
  const sheets = new Set();
  const rows = [];
  const visit = (row, always) => {
    const x = screen[row * 2] + size;
    const y = screen[row * 2 + 1] + size;
    if (x < 0 || y < 0 || x > width + 2 * size || y > height + 2 * size) return;
    const column = Math.floor(x / step) + 1;
    const line = Math.floor(y / step) + 1;
    if (!always && !free(taken, columns, column, line, screen, x - size, y - size, step)) return;
    if (!always && sheets.size >= most && !sheets.has(sheetOf(row))) return;
    sheets.add(sheetOf(row));
    taken[line * columns + column] = row;
    rows.push(row);
  };
  for (const row of first) visit(row, true);
  const special = new Set(first);
  for (const row of order) if (mask[row] && !special.has(row)) visit(row, false);
  return rows;
}

function free(taken, columns, column, line, screen, x, y, step) {
  for (let down = -1; down <= 1; down++) {
    for (let across = -1; across <= 1; across++) {
      const other = taken[(line + down) * columns + column + across];
      if (other === undefined || other < 0) continue;
      if (Math.abs(screen[other * 2] - x) < step && Math.abs(screen[other * 2 + 1] - y) < step) return false;
    }
  }
  return true;
}

/** Lines from the open work to its nearest. */
export function rays(context, screen, row, others, colour) {
  context.strokeStyle = colour;
  context.globalAlpha = 0.55;
  context.lineWidth = 1.2;
  context.beginPath();
  for (const other of others) {
    context.moveTo(screen[row * 2], screen[row * 2 + 1]);
    context.lineTo(screen[other * 2], screen[other * 2 + 1]);
  }
  context.stroke();
  context.globalAlpha = 1;
}

/** A frame around a thumbnail. */
export function frame(context, box, colour, width, paper) {
  context.lineWidth = width + 2;
  context.strokeStyle = paper;
  context.strokeRect(box.x - 1, box.y - 1, box.w + 2, box.h + 2);
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.strokeRect(box.x - 1, box.y - 1, box.w + 2, box.h + 2);
}

/** Words on the map, readable on pictures. */
export function words(context, text, x, y, colours) {
  context.font = 'italic 600 15px Georgia, "Times New Roman", serif';
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 5;
  context.strokeStyle = colours.paper;
  context.strokeText(text, x, y);
  context.fillStyle = colours.ink;
  context.fillText(text, x, y);
}
