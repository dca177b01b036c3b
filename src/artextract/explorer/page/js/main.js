/** Starts the page. */

import { App } from "./app.js";
import { Data } from "./data.js";
import { byId, h } from "./dom.js";

try {
  const app = new App(await Data.load());
  await app.start();
} catch (error) {
  byId("starting")?.replaceWith(h("p", { class: "problem", text: String(error.message || error) }));
  throw error;
}
