// Statements, calls and imports of files of TypeScript or JavaScript by the TypeScript compiler's own tree.
//
//   node typescript_tree.cjs FOLDER_WITH_TYPESCRIPT < paths as JSON > rows as JSON, a list for each path
const path = require("node:path");
const fs = require("node:fs");
const ts = require(path.join(process.argv[2], "node_modules", "typescript"));

const LEAVES = new Set([
  ts.SyntaxKind.ReturnStatement, ts.SyntaxKind.ThrowStatement,
  ts.SyntaxKind.ContinueStatement, ts.SyntaxKind.BreakStatement,
]);

function rowsOf(file) {
  const source = ts.createSourceFile(file, fs.readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const rows = [];
  const line = (at) => source.getLineAndCharacterOfPosition(at).line + 1;
  const functions = [];
  const given = [new Set()]; // the parameters that have no other value anywhere in their function
  const add = (kind, node, text, last) =>
    rows.push({ kind, line: line(node.getStart()), last: line(last ?? node.end), text, functions: functions.slice() });
  const root = (node) => {
    while (node.expression) node = node.expression;
    return node;
  };
  const holder = (node) => {
    while (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node) ||
           ts.isNonNullExpression(node) || ts.isParenthesizedExpression(node)) node = node.expression;
    return node;
  };
  const isGiven = (node) => ts.isIdentifier(holder(node)) && given.at(-1).has(holder(node).text);
  const givenNames = (node) => {
    const names = new Set(node.parameters.filter((one) => ts.isIdentifier(one.name) && !one.dotDotDotToken).map((one) => one.name.text));
    const drop = (inner) => {
      if ((ts.isVariableDeclaration(inner) || ts.isBindingElement(inner) || ts.isFunctionDeclaration(inner)) && inner.name && ts.isIdentifier(inner.name))
        names.delete(inner.name.text);
      if (ts.isBinaryExpression(inner) && inner.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
          inner.operatorToken.kind <= ts.SyntaxKind.LastAssignment)
        for (const target of targets(inner.left)) if (ts.isIdentifier(target)) names.delete(target.text);
      if (ts.isForOfStatement(inner) && ts.isIdentifier(inner.initializer)) names.delete(inner.initializer.text);
      ts.forEachChild(inner, drop);
    };
    drop(node.body);
    return names;
  };
  const targets = (node) => {
    if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap(targets);
    if (ts.isObjectLiteralExpression(node))
      return node.properties.flatMap((one) => targets(one.initializer ?? one.name ?? one.expression));
    return [node];
  };
  const change = (node, statement) => {
    for (const target of targets(node))
      if ((target !== root(target) && root(target).kind === ts.SyntaxKind.ThisKeyword) ||
          (target !== holder(target) && isGiven(target)))
        rows.push({
          kind: "changes", line: line(statement.getStart()), last: line(statement.end), text: target.getText(),
          functions: functions.slice(),
        });
  };
  const only = (node) => {
    if (ts.isBlock(node)) return node.statements.length === 1 ? only(node.statements[0]) : undefined;
    return LEAVES.has(node.kind) ? node : undefined;
  };
  const visit = (node) => {
    const isFunction = ts.isFunctionLike(node) && node.body;
    const isScope = isFunction || ts.isClassStaticBlockDeclaration(node);
    if (isScope) {
      functions.push([line(node.getStart()), line(node.end)]);
      given.push(isFunction ? givenNames(node) : new Set());
      if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) add("returns", node.body, node.body.getText());
    }
    if (ts.isReturnStatement(node) && node.expression) add("returns", node, node.expression.getText());
    if (ts.isYieldExpression(node)) add("yields", node, node.expression ? node.expression.getText() : "");
    if (ts.isThrowStatement(node)) add("raises", node, node.expression.getText());
    if (ts.isIfStatement(node) && !node.elseStatement) {
      const then = only(node.thenStatement);
      if (then) add("guard", node, `${node.expression.getText()}: ${then.getText()}`);
    }
    if (ts.isBinaryExpression(node)) {
      const operator = node.operatorToken.kind;
      if (operator >= ts.SyntaxKind.FirstAssignment && operator <= ts.SyntaxKind.LastAssignment)
        change(node.left, node);
    }
    if ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) &&
        [ts.SyntaxKind.PlusPlusToken, ts.SyntaxKind.MinusMinusToken].includes(node.operator))
      change(node.operand, node);
    if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isTaggedTemplateExpression(node)) {
      let callee = node.expression ?? node.tag;
      while (ts.isNonNullExpression(callee) || ts.isParenthesizedExpression(callee)) callee = callee.expression;
      const name = ts.isPropertyAccessExpression(callee) ? callee.name : callee;
      add("call", name, name.getText());
      if (ts.isPropertyAccessExpression(callee) && (isGiven(callee.expression) ||
          (holder(callee.expression).kind === ts.SyntaxKind.ThisKeyword && holder(callee.expression) !== callee.expression)))
        add("changes", node, `${callee.getText()}(...)`);
    }
    if (ts.isJsxOpeningLikeElement(node)) add("call", node.tagName, node.tagName.getText());
    if (ts.isTypeReferenceNode(node)) add("type", node, node.typeName.getText().split(".").pop());
    if (ts.isExpressionWithTypeArguments(node)) add("type", node, node.expression.getText().split(".").pop());
    if (ts.isImportDeclaration(node) || (ts.isExportDeclaration(node)) || ts.isExportAssignment(node))
      add("import", node, "");
    ts.forEachChild(node, visit);
    if (isScope) {
      functions.pop();
      given.pop();
    }
  };
  visit(source);
  return rows;
}

const paths = JSON.parse(fs.readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(paths.map(rowsOf)));
