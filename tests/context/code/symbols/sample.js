import fs, { readFile as read, writeFile } from "node:fs";
import * as path from "./lib/path.js";
import "./polyfill";
const { parse, format } = require("../dates");
const yaml = require("yaml");

export * from "./shared";
export { one, two as zwei } from "./numbers";

/** How often a request is tried. */
export const RETRIES = 3;
let state = { größe: 1 };

/**
 * Loads the settings.
 *
 * @param {string} name
 */
export async function load(name) {
  const text = await read(path.join("etc", name), "utf8");
  return yaml.load(text);
}

// Saves them again.
const save = (name, value) => {
  const text = format(value);
  fs.writeFileSync(name, text);
  writeFile(name, text);
};

export default class Store extends Base {
  #items = new Map();
  limit = RETRIES;

  constructor(name) {
    super(name);
    this.at = parse("2020");
  }

  static of(name) {
    return new Store(name);
  }

  get size() {
    return this.#items.size;
  }
}

function* walk(tree) {
  yield* tree.children.flatMap((child) => walk(child));
}

Store.prototype.clear = function () {
  state = {};
};

module.exports = {
  run: async () => {
    const page = await import("./page.js");
    return page.View({ a: <Panel title="ü" /> });
  },
};
