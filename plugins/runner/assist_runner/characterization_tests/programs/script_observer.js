// Runs calls inside a project's own runner of tests, and writes what came of each. It is put into a file of
// tests by its text: it uses nothing but node's own library, of version 18 or newer, and stays plain
// JavaScript that is also TypeScript. A value is written as an expression that means it anywhere; what cannot
// be, or depends on the machine, is left out with a reason, as is a call that uses the network, other
// programs, or files outside of a temporary folder.

function assistObserver(plan, need, equal) {
  const fs = need('fs');
  const os = need('os');
  const path = need('path');
  const vm = need('vm');
  const LONGEST = 300; // characters of an expression
  const ITEMS = 50; // of an iterator
  const CHECKS = 64; // attributes of an object; few of them are asserted
  const DEPTH = 6;
  const TEXT = 400; // characters of a message
  const BUILT_IN = ['Error', 'TypeError', 'RangeError', 'SyntaxError', 'ReferenceError', 'URIError', 'EvalError'];
  const timers = { set: setTimeout, clear: clearTimeout };
  const real = { Date, now: Date.now.bind(Date), write: fs.writeSync.bind(fs) };
  const local = [plan.root, os.homedir(), process.cwd()].filter((text) => text.length > 5);
  const made = new WeakSet(); // errors that code made on purpose
  let lines = new Set();
  let active = false;
  let found = [];

  function tell(row) {
    let data = Buffer.from(`\n${plan.mark}${JSON.stringify(row)}\n`);
    while (data.length) {
      try {
        data = data.subarray(real.write(1, data));
      } catch (error) {
        if (error.code !== 'EAGAIN') throw error; // the reader of the pipe is slow
      }
    }
  }

  // Values as expressions.

  class Unfit extends Error {}

  function kindOf(value) {
    return Object.prototype.toString.call(value).slice(8, -1);
  }

  function isPlain(value) {
    const above = Object.getPrototypeOf(value);
    return above === null || (Object.getPrototypeOf(above) === null && above.hasOwnProperty('isPrototypeOf'));
  }

  function expression(value, depth = 0) {
    if (depth > DEPTH) throw new Unfit('deep');
    switch (typeof value) {
      case 'undefined':
      case 'boolean':
        return String(value);
      case 'number':
        return Object.is(value, -0) ? '-0' : String(value);
      case 'bigint':
        return `${value}n`;
      case 'string':
        if (local.some((text) => value.includes(text))) throw new Unfit('of this machine');
        return JSON.stringify(value);
      case 'symbol': {
        const key = Symbol.keyFor(value);
        if (key === undefined) throw new Unfit('no literal');
        return `Symbol.for(${JSON.stringify(key)})`;
      }
      case 'function':
        throw new Unfit('no literal');
    }
    if (value === null) return 'null';
    return compound(value, depth + 1);
  }

  function compound(value, depth) {
    const list = (parts) => Array.from(parts, (part) => expression(part, depth)).join(', ');
    const kind = kindOf(value);
    if (Array.isArray(value)) {
      if (value.length > 500) throw new Unfit('long');
      return `[${list(value)}]`;
    }
    const named = value.constructor && value.constructor.name;
    if (kind === 'Date' && named === 'Date') {
      if (Number.isNaN(value.getTime())) throw new Unfit('no literal');
      return `new Date(${JSON.stringify(value.toISOString())})`;
    }
    if (kind === 'Map' && named === 'Map') {
      return value.size ? `new Map([${Array.from(value, (row) => `[${list(row)}]`).join(', ')}])` : 'new Map()';
    }
    if (kind === 'Set' && named === 'Set') return value.size ? `new Set([${list(value)}])` : 'new Set()';
    if (kind === 'RegExp' && named === 'RegExp') return String(value);
    if (/^(?:Ui|I)nt(?:8|16|32)Array$|^Float(?:32|64)Array$/.test(kind) && named === kind) {
      return `new ${kind}([${list(value)}])`;
    }
    if (Buffer.isBuffer(value)) return `Buffer.from(${JSON.stringify(value.toString('base64'))}, "base64")`;
    if (kind !== 'Object' || !isPlain(value)) throw new Unfit('no literal');
    return object(value, depth);
  }

  function object(value, depth) {
    const parts = Object.getPrototypeOf(value) === null && plan.runner === 'node' ? ['__proto__: null'] : [];
    for (const key of Reflect.ownKeys(value)) {
      const own = Object.getOwnPropertyDescriptor(value, key);
      if (!own.enumerable) continue;
      if (typeof key === 'symbol') throw new Unfit('no literal');
      const text = expression(value[key], depth);
      if (key === '__proto__') throw new Unfit('no literal');
      parts.push(`${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}: ${text}`);
    }
    return parts.length ? `{ ${parts.join(', ')} }` : '{}';
  }

  // A value as an expression that is equal to it; null if it has none, or only a long one.
  function encoded(value) {
    try {
      const text = expression(value);
      if (text.length > LONGEST) return null;
      equal(value, (0, eval)(`(${text})`));
      return text;
    } catch {
      return null;
    }
  }

  function attributes(value) {
    const rows = {};
    const names = new Set(Object.keys(value));
    for (let above = Object.getPrototypeOf(value); above && !isPlain(value) && Object.getPrototypeOf(above); above = Object.getPrototypeOf(above)) {
      for (const [name, own] of Object.entries(Object.getOwnPropertyDescriptors(above))) if (own.get) names.add(name);
    }
    const ordered = [...names].filter((name) => /^[A-Za-z_$][\w$]*$/.test(name));
    ordered.sort((one, other) => Number(one.startsWith('_')) - Number(other.startsWith('_')));
    for (const name of ordered) {
      try {
        const text = encoded(value[name]);
        if (text !== null) rows[name] = text;
      } catch {
        // a getter that throws says nothing
      }
    }
    return rows;
  }

  function state(names) {
    const rows = {};
    for (const [name, value] of Object.entries(names)) {
      if (typeof value === 'function' || value === undefined) continue;
      const text = encoded(value);
      if (text !== null) rows[name] = text;
      else if (typeof value === 'object') {
        for (const [attribute, own] of Object.entries(attributes(value))) rows[`${name}.${attribute}`] = own;
      }
    }
    return rows;
  }

  function lookedAt(value, known) {
    if (value === null || (typeof value !== 'object' && typeof value !== 'string')) return { left: 'no literal' };
    const checks = [];
    if (typeof value === 'string' || Array.isArray(value)) {
      if (typeof value === 'string' && local.some((text) => value.includes(text))) return { left: 'of this machine' };
      checks.push(['.length', String(value.length)]);
      return { checks };
    }
    if (value instanceof Map || value instanceof Set) return { checks: [['.size', String(value.size)]] };
    if (typeof value.then === 'function' || value instanceof RegExp) return { left: 'no literal' };
    const rows = { ...(value instanceof Error ? { message: encoded(value.message) || '""' } : {}), ...attributes(value) };
    const names = Object.keys(rows);
    const open = names.filter((name) => !name.startsWith('_'));
    for (const name of (open.length && plan.typed ? open : names).slice(0, CHECKS)) checks.push([`.${name}`, rows[name]]);
    const text = isPlain(value) || checks.length ? null : stringOf(value);
    if (text !== null) checks.push(['str', text]);
    const kind = classOf(value, known);
    if (kind) checks.push(['type', kind]);
    return checks.length ? { checks } : { left: 'no literal' };
  }

  function stringOf(value) {
    try {
      const text = String(value);
      return /^\[object /.test(text) ? null : encoded(text);
    } catch {
      return null;
    }
  }

  // The name by which a test can reach the class of a value.
  function classOf(value, known) {
    const kind = value.constructor;
    if (typeof kind !== 'function') return '';
    for (const [name, own] of Object.entries(known)) {
      if (own === kind) return name;
      if (own && typeof own === 'object' && kind.name && own[kind.name] === kind) return `${name}.${kind.name}`;
    }
    return '';
  }

  // What a call does beyond computing.

  function isTemporary(place) {
    if (typeof place === 'number') return true;
    try {
      const text = path.resolve(String(place instanceof URL ? need('url').fileURLToPath(place) : place));
      return text.startsWith(path.join(os.tmpdir(), path.sep)) || text === os.devNull;
    } catch {
      return false;
    }
  }

  function watch(owner, names, what, allowed) {
    for (const name of names) {
      const own = owner && owner[name];
      if (typeof own !== 'function') continue;
      const watched = function (...given) {
        if (active && !(allowed && allowed(given))) found.push(what);
        return new.target ? Reflect.construct(own, given, new.target) : own.apply(this, given);
      };
      try {
        Object.defineProperty(watched, 'name', { value: name });
        owner[name] = Object.assign(watched, own);
      } catch {
        // it cannot be replaced here
      }
    }
  }

  function watchAll() {
    const changing = ['writeFile', 'appendFile', 'mkdir', 'rm', 'rmdir', 'unlink', 'rename', 'copyFile', 'link',
      'symlink', 'chmod', 'truncate', 'cp', 'utimes', 'createWriteStream'];
    const inTemporary = (given) => isTemporary(given[0]);
    const reads = (given) => inTemporary(given) || given[1] === undefined || typeof given[1] === 'function' || /^r[s]?$/.test(String(given[1]));
    watch(fs, [...changing, ...changing.map((name) => `${name}Sync`)], 'files', inTemporary);
    watch(fs.promises, changing, 'files', inTemporary);
    watch(fs, ['open', 'openSync'], 'files', (given) => reads(given) || given[1] === 0);
    watch(fs.promises, ['open'], 'files', reads);
    const programs = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'];
    watch(need('child_process'), programs, 'programs');
    const net = need('net');
    watch(net.Socket.prototype, ['connect'], 'network');
    watch(net.Server.prototype, ['listen'], 'network');
    watch(need('dns'), ['lookup', 'resolve'], 'network');
    watch(globalThis, ['fetch', 'WebSocket'], 'network');
    const exit = process.exit;
    process.exit = (code) => {
      if (!active) return exit.call(process, code);
      found.push('ends the process');
      throw new Unfit('ends the process');
    };
    need('module').syncBuiltinESMExports();
  }

  function watchErrors() {
    for (const name of BUILT_IN) {
      const own = globalThis[name];
      const wrapped = new Proxy(own, {
        construct(target, given, asked) {
          const error = Reflect.construct(target, given, asked === wrapped ? target : asked);
          made.add(error);
          return error;
        },
        apply(target, self, given) {
          const error = Reflect.apply(target, self, given);
          made.add(error);
          return error;
        },
      });
      try {
        Object.defineProperty(own.prototype, 'constructor', { value: wrapped, configurable: true, writable: true });
        globalThis[name] = wrapped;
      } catch {
        // it cannot be replaced here
      }
    }
  }

  // Another day and hour: what depends on them differs from the first run.
  function moveClock(seconds) {
    const later = () => real.now() + seconds * 1000;
    const moved = new Proxy(real.Date, {
      construct: (target, given, asked) =>
        Reflect.construct(target, given.length ? given : [later()], asked === moved ? target : asked),
      apply: () => new real.Date(later()).toString(),
      get: (target, name) => (name === 'now' ? later : Reflect.get(target, name)),
    });
    Object.defineProperty(real.Date.prototype, 'constructor', { value: moved, configurable: true, writable: true });
    globalThis.Date = moved;
  }

  // One call.

  function limited(run) {
    return vm.runInNewContext('run()', { run }, { timeout: plan.seconds * 1000 });
  }

  function waited(promise, seconds) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = timers.set(() => reject(new Unfit('time')), seconds * 1000);
    });
    return Promise.race([promise, late]).finally(() => timers.clear(timer));
  }

  function raised(error, how, known) {
    if (error instanceof Unfit) return { left: error.message };
    if (error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return { left: 'time' };
    if (!(error instanceof Error) && kindOf(error) !== 'Error') return { left: 'no error' };
    const kind = classOf(error, known) || (BUILT_IN.includes(error.constructor && error.constructor.name) ? error.constructor.name : '');
    const message = String(error.message);
    const here = local.some((text) => message.includes(text));
    return { raised: kind, name: String(error.name), message: here ? '' : message.slice(0, TEXT), how, explicit: made.has(error) };
  }

  async function observed(run, names, known) {
    let how = '';
    let value;
    const before = state(names());
    lines = new Set();
    found = [];
    active = true;
    try {
      value = limited(run);
      if (value !== null && typeof value === 'object' && typeof value.then === 'function') {
        how = 'await';
        value = await waited(value, plan.seconds);
      }
      if (value !== null && typeof value === 'object' && typeof value.next === 'function' && value[Symbol.iterator]) {
        const iterator = value;
        how = how ? 'await list' : 'list';
        value = [];
        limited(() => {
          for (const item of iterator) if (value.push(item) > ITEMS) throw new Unfit('endless');
        });
      }
    } catch (error) {
      active = false;
      return raised(error, how, known());
    }
    active = false;
    const text = encoded(value);
    const result = text === null ? lookedAt(value, known()) : { value: text };
    if (result.left) return result;
    const after = state(names());
    const changes = Object.entries(after).filter(([name, own]) => before[name] !== own);
    return { ...result, how, changes: changes.slice(0, CHECKS), shown: text === null ? '' : text };
  }

  async function prepare(load) {
    globalThis.__assistProbe = (line) => {
      if (active) lines.add(line);
    };
    for (const name of ['log', 'info', 'warn', 'error', 'debug', 'table', 'trace']) console[name] = () => {};
    watchErrors();
    watchAll();
    if (plan.later) moveClock(plan.later);
    try {
      await load();
    } catch (error) {
      tell({ problem: `${error && error.name}: ${error && error.message}`.slice(0, TEXT) });
      return false;
    }
    tell({ ready: process.version });
    return true;
  }

  async function one(run) {
    let row = { left: 'set-up' };
    const see = async (call, names, known) => {
      row = await observed(call, names, known);
    };
    try {
      await waited(run(see), 2 * plan.seconds + 8); // its imports take time
    } catch (error) {
      row = { left: row.left === 'set-up' ? 'set-up' : 'crash', why: String(error && error.message).slice(0, TEXT) };
    }
    active = false;
    return found.length ? { left: found[0] } : { ...row, lines: [...lines] };
  }

  async function observe(cases, load) {
    if (!(await prepare(load))) return;
    for (const number of plan.order) {
      tell({ begins: number });
      tell([number, await one(cases[number])]);
    }
  }

  // The same calls with planted mistakes: those that come to something else with each. A mistake with which a
  // call does not end is not told.
  async function plant(cases, load) {
    if (!(await prepare(load))) return;
    const outcome = (row) => JSON.stringify({ ...row, lines: [], why: '' });
    const all = async () => {
      const rows = [];
      for (const run of cases) {
        rows.push(await one(run));
        if (rows[rows.length - 1].left === 'time') return null;
      }
      return rows;
    };
    const told = [];
    globalThis.__assistPlanted = 0;
    const before = await all();
    for (let mistake = 1; before && mistake <= plan.planted; mistake++) {
      globalThis.__assistPlanted = mistake;
      const rows = await all();
      if (rows) told.push([mistake, rows]);
    }
    globalThis.__assistPlanted = 0;
    const after = before && (await all());
    const stays = (row, number) => after && outcome(after[number]) === outcome(before[number]);
    for (const [mistake, rows] of told) {
      const seen = rows.map((row, number) => [number, row]);
      tell({ planted: mistake, rows: seen.filter(([number, row]) => stays(row, number) && outcome(row) !== outcome(before[number])) });
    }
  }

  return { observe, plant };
}
