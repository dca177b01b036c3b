/** Every request of the page goes through here, and only to the page's own server. */

async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path} could not be read (${answer.status}). Build the explorer again.`);
  return answer;
}

export const json = async (path) => (await get(path)).json();
export const bytes = async (path) => (await get(path)).arrayBuffer();
export const blob = async (path) => (await get(path)).blob();

/** The answer of `artextract serve`; its problem, in words, becomes the error. */
async function ask(path, options = {}) {
  const answer = await fetch(path, options).catch(() => null);
  if (!answer) throw new Error("The server does not answer. Is “artextract serve” still running?");
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok)
    throw new Error([body.problem, body.remedy].filter(Boolean).join(" ") || `The server answers ${answer.status}.`);
  return body;
}

const write = { "X-ArtExtract": "1" };
export const api = {
  status: () => ask("api/status"),
  words: (q, space, k) => ask(`api/words?${new URLSearchParams({ q, space, k })}`),
  upload: (file) =>
    ask("api/upload", {
      method: "POST",
      body: file,
      headers: { ...write, "Content-Type": file.type.startsWith("image/") ? file.type : "application/octet-stream" },
    }),
  names: (names) =>
    ask("api/names", {
      method: "PUT",
      body: JSON.stringify(names),
      headers: { ...write, "Content-Type": "application/json" },
    }),
};
