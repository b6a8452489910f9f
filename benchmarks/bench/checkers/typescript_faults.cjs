// Names that do not exist in parts of files, by the TypeScript compiler. A member that a type of a union has exists.
//
//   node typescript_faults.cjs FOLDER_WITH_TYPESCRIPT WORKSPACE < parts as JSON > faults as JSON, a list for each part
const path = require("node:path");
const fs = require("node:fs");
const ts = require(path.join(process.argv[2], "node_modules", "typescript"));

const root = process.argv[3];
const KINDS = {
  2339: "member", 2551: "member", 2576: "member", 2694: "member", 2749: "name", 2304: "name", 2552: "name",
  2503: "name", 2663: "name", 2662: "name", 18004: "name", 2305: "import", 2724: "import", 2614: "import",
  2459: "import", 2353: "argument", 2561: "argument",
};
const DEFAULTS = {
  target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
  strict: true, esModuleInterop: true,
};

const services = new Map();

function optionsFor(file) {
  const found = ts.findConfigFile(path.dirname(file), ts.sys.fileExists);
  if (!found || !found.startsWith(root)) return { key: "", options: DEFAULTS, ambient: [] };
  const read = ts.readConfigFile(found, ts.sys.readFile);
  const parsed = ts.parseJsonConfigFileContent(read.config ?? {}, ts.sys, path.dirname(found));
  return { key: found, options: parsed.options, ambient: parsed.fileNames.filter((name) => name.endsWith(".d.ts")) };
}

function serviceFor(file) {
  const { key, options, ambient } = optionsFor(file);
  if (!services.has(key)) {
    const state = { file: "", whole: "", version: 0 };
    const host = {
      getCompilationSettings: () => ({ ...options, noEmit: true, skipLibCheck: true, composite: false, incremental: false }),
      getScriptFileNames: () => [...ambient, state.file],
      getScriptVersion: (name) => (name === state.file ? `part ${state.version}` : "file"),
      getScriptSnapshot: (name) => {
        const text = name === state.file ? state.whole : ts.sys.readFile(name);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => path.dirname(key || path.join(root, "x")),
      getDefaultLibFileName: (given) => ts.getDefaultLibFilePath(given),
      fileExists: ts.sys.fileExists, readFile: ts.sys.readFile, readDirectory: ts.sys.readDirectory,
      directoryExists: ts.sys.directoryExists, getDirectories: ts.sys.getDirectories, realpath: ts.sys.realpath,
    };
    services.set(key, { state, service: ts.createLanguageService(host) });
  }
  return services.get(key);
}

function nodeAt(source, at) {
  let found = source;
  const visit = (node) => {
    if (node.getStart(source) <= at && at < node.end) {
      found = node;
      ts.forEachChild(node, visit);
    }
  };
  ts.forEachChild(source, visit);
  return found;
}

function isInUnion(program, node, name) {
  const access = node.parent;
  if (!access || !ts.isPropertyAccessExpression(access)) return false;
  const type = program.getTypeChecker().getTypeAtLocation(access.expression);
  return type.isUnion() && type.types.some((one) => program.getTypeChecker().getPropertyOfType(one, name));
}

function faults(part) {
  const { state, service } = serviceFor(part.path);
  Object.assign(state, { file: part.path, whole: part.whole, version: state.version + 1 });
  const rows = [];
  for (const found of service.getSemanticDiagnostics(part.path)) {
    const kind = KINDS[found.code];
    if (!kind || found.start + found.length <= part.first || found.start >= part.last) continue;
    const name = part.whole.slice(found.start, found.start + found.length);
    const program = service.getProgram();
    const node = nodeAt(program.getSourceFile(part.path), found.start);
    if (kind === "member" && isInUnion(program, node, name)) continue;
    rows.push({ kind, name, at: [...part.whole.slice(part.first, found.start)].length });
  }
  return rows;
}

const parts = JSON.parse(fs.readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(parts.map(faults)));
