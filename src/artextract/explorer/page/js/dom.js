/** Elements without markup in strings: whatever a title holds, it is text. */

/**
 * A new element.
 * @param {string} tag
 * @param {Object} attributes - "class", "text", "onclick" and the like; false, null and undefined are left out.
 * @param {...(Node|string|null)} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  return children.length ? put(element, ...children) : element;
}

/** Gives an element new children; null, undefined and false are left out. */
export function put(element, ...children) {
  element.replaceChildren(
    ...children.flat().filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

export const byId = (id) => document.getElementById(id);

/** A button with a visible text, or with a sign and a name for screen readers. */
export function button(text, onclick, attributes = {}) {
  return h("button", { type: "button", text, onclick, ...attributes });
}

/** A link to another site, or null where the address is not https. */
export function outside(address, text) {
  if (!/^https:\/\//i.test(address || "")) return null;
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer", text });
}

/** Says a sentence to screen readers. */
export function say(sentence) {
  byId("spoken").textContent = sentence;
}

export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** Calls fn once things have been quiet for so many milliseconds. */
export function later(fn, wait) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn(...args), wait);
  };
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Loads a classic script of this folder once. */
const scripts = new Map();
export function script(address) {
  if (!scripts.has(address)) {
    scripts.set(
      address,
      new Promise((resolve, reject) => {
        const element = h("script", { src: address });
        element.onload = resolve;
        element.onerror = () => reject(new Error(`${address} could not be loaded`));
        document.head.append(element);
      }),
    );
  }
  return scripts.get(address);
}

/** Offers a text as a file. */
export function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
