/** What lies on the map's dots: thumbnails and their frames, names of clusters, pictures of one's own. */

import { frame, SHARP, words } from "./map_paint.js";

/** A work's thumbnail, or its picture where the map is close. */
export function thumb(map, row, size) {
  const cell = map.atlas.thumb(row);
  if (!cell) return;
  const work = map.data.known(row);
  const longest = work && work.width ? Math.max(work.width, work.height) : 0;
  const [w, h] = longest ? [(size * work.width) / longest, (size * work.height) / longest] : [size, size];
  const box = { row, x: map.screen[row * 2] - w / 2, y: map.screen[row * 2 + 1] - h / 2, w, h };
  const sharp = size >= SHARP && work && work.picture ? map.atlas.pictures.get(row) : null;
  const [tw, th] = longest
    ? [(cell.size * work.width) / longest, (cell.size * work.height) / longest]
    : [cell.size - 1, cell.size - 1]; // within the cell, so that nothing of its neighbours shows
  // Better than low would make a copy of the whole atlas per frame.
  map.context.imageSmoothingQuality = sharp ? "medium" : "low";
  if (sharp) map.context.drawImage(sharp, box.x, box.y, w, h);
  else
    map.context.drawImage(
      cell.image,
      cell.x + (cell.size - tw) / 2,
      cell.y + (cell.size - th) / 2,
      tw,
      th,
      box.x,
      box.y,
      w,
      h,
    );
  const facet = map.data.facet(map.state.values.colour);
  const colour = facet && map.scale.of(facet.codes[row]);
  if (colour) {
    map.context.fillStyle = colour;
    map.context.fillRect(box.x, box.y + h, w, Math.max(3, size / 16));
  }
  mark(map, box);
  map.boxes.push(box);
}

/** A frame that says what a work is: open, under the keyboard's cursor, selected, near the open one. */
function mark(map, box) {
  const { accent, ink, paper } = map.theme;
  if (box.row === map.state.row) frame(map.context, box, accent, 3.5, paper);
  else if (box.row === map.cursor) frame(map.context, box, ink, 3, paper);
  else if (map.selected.has(box.row)) frame(map.context, box, ink, 2, paper);
  else if (map.near.includes(box.row)) frame(map.context, box, accent, 1.5, paper);
}

/** Selected works that have no thumbnail here. */
export function outlines(map, rows) {
  const shown = new Set(rows);
  for (const row of map.selected) {
    if (!shown.has(row)) mark(map, { row, x: map.screen[row * 2] - 5, y: map.screen[row * 2 + 1] - 5, w: 10, h: 10 });
  }
}

/** Names of clusters at the middle of their works. */
export function names(map) {
  for (const [cluster, name] of map.app.names.named()) {
    const { k, x, y } = map.transform;
    const middle = map.app.names.middle(cluster, map.state.values.map);
    if (middle) words(map.context, name, middle[0] * k + x, middle[1] * k + y, map.theme);
  }
}

/** Pictures of one's own, placed on the map: {image, places: {map: [x, y]}}. */
export function guests(map, size) {
  for (const { image, places } of map.guests) {
    const place = places[map.state.values.map];
    if (!place) continue;
    const { k, x, y } = map.transform;
    const longest = Math.max(size, 48) / Math.max(image.width, image.height);
    const [w, h] = [image.width * longest, image.height * longest];
    const box = { x: place[0] * k + x - w / 2, y: place[1] * k + y - h / 2, w, h };
    map.context.drawImage(image, box.x, box.y, w, h);
    frame(map.context, box, map.theme.accent, 4, map.theme.paper);
  }
}
