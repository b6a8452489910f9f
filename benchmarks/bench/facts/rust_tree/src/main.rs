//! Statements and calls of files of Rust by syn, the parser that most macros use.
//!
//!     cargo run < paths, one a line > rows as JSON, a list for each path, null for one that syn cannot read
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use std::collections::{HashMap, HashSet};
use std::io::Read;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, FnArg, Pat, ReturnType, Signature, Stmt, Type};

const RAISING: [&str; 4] = ["panic", "unreachable", "todo", "unimplemented"];

#[derive(Default)]
struct Reader {
    rows: Vec<String>,
    functions: Vec<(usize, usize)>,
    given: Vec<HashMap<String, (Span, Span)>>, // the parameters that are `&mut`, of the functions around
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            other if (other as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", other as u32)),
            other => out.push(other),
        }
    }
    out + "\""
}

fn text_of(first: Span, last: Span) -> String {
    first.join(last).and_then(|span| span.source_text()).unwrap_or_default()
}

fn source(node: &impl Spanned) -> String {
    node.span().source_text().unwrap_or_default()
}

fn is_raising(path: &syn::Path) -> bool {
    path.get_ident().is_some_and(|name| RAISING.contains(&name.to_string().as_str()))
}

/// The name whose part an expression is; `calls` says whether also a part of what a method of it gives.
fn root(expression: &Expr, calls: bool) -> Option<String> {
    match expression {
        Expr::Path(path) => path.path.get_ident().map(|name| name.to_string()),
        Expr::Field(field) => root(&field.base, calls),
        Expr::Index(index) => root(&index.expr, calls),
        Expr::Unary(unary) => root(&unary.expr, calls),
        Expr::Paren(paren) => root(&paren.expr, calls),
        Expr::MethodCall(call) if calls => root(&call.receiver, calls),
        Expr::Try(tried) if calls => root(&tried.expr, calls),
        _ => None,
    }
}

struct Bound(HashSet<String>);

impl<'tree> Visit<'tree> for Bound {
    fn visit_pat_ident(&mut self, pattern: &'tree syn::PatIdent) {
        self.0.insert(pattern.ident.to_string());
        visit::visit_pat_ident(self, pattern);
    }
    fn visit_expr_assign(&mut self, assign: &'tree syn::ExprAssign) {
        if let Expr::Path(path) = &*assign.left {
            self.0.extend(path.path.get_ident().map(|name| name.to_string()));
        }
        visit::visit_expr_assign(self, assign);
    }
    fn visit_item(&mut self, _: &'tree syn::Item) {}
}

impl Reader {
    fn add(&mut self, kind: &str, span: Span, text: &str) {
        let functions: Vec<String> =
            self.functions.iter().map(|(first, last)| format!("[{first},{last}]")).collect();
        self.rows.push(format!(
            "{{\"kind\":\"{kind}\",\"line\":{},\"last\":{},\"text\":{},\"functions\":[{}]}}",
            span.start().line,
            span.end().line,
            quoted(text),
            functions.join(",")
        ));
    }

    fn function(&mut self, signature: &Signature, block: &Block) {
        self.functions.push((signature.span().start().line, block.span().end().line));
        let mut bound = Bound(HashSet::new());
        bound.visit_block(block);
        let mut given = HashMap::new();
        for argument in &signature.inputs {
            if let FnArg::Typed(typed) = argument {
                if let (Pat::Ident(name), Type::Reference(kind)) = (&*typed.pat, &*typed.ty) {
                    let text = name.ident.to_string();
                    if kind.mutability.is_some() && !bound.0.contains(&text) {
                        self.add("changes", typed.span(), &source(typed));
                        given.insert(text, (typed.span(), typed.span()));
                    }
                }
            }
        }
        self.given.push(given);
        if !matches!(signature.output, ReturnType::Default) {
            self.block_value(block);
        }
        self.visit_block(block);
        self.given.pop();
        self.functions.pop();
    }

    fn block_value(&mut self, block: &Block) {
        match block.stmts.last() {
            Some(Stmt::Expr(value, None)) => self.value(value),
            Some(Stmt::Macro(called)) if called.semi_token.is_none() && !is_raising(&called.mac.path) => {
                self.add("returns", called.span(), &source(called))
            }
            _ => {}
        }
    }

    fn value(&mut self, expression: &Expr) {
        match expression {
            Expr::If(branch) => {
                if let Some((_, other)) = &branch.else_branch {
                    self.block_value(&branch.then_branch);
                    self.value(other);
                }
            }
            Expr::Match(choice) => choice.arms.iter().for_each(|arm| self.value(&arm.body)),
            Expr::Block(inner) => self.block_value(&inner.block),
            Expr::Unsafe(inner) => self.block_value(&inner.block),
            Expr::Loop(inner) => Breaks(self).visit_block(&inner.body),
            Expr::Macro(called) if is_raising(&called.mac.path) => {}
            Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) | Expr::While(_) | Expr::ForLoop(_) => {}
            other => self.add("returns", other.span(), &source(other)),
        }
    }

    fn change(&mut self, statement: Span, target: &Expr) {
        if let Expr::Tuple(several) = target {
            several.elems.iter().for_each(|one| self.change(statement, one));
        } else if !matches!(target, Expr::Path(_)) {
            let own = root(target, true).is_some_and(|name| name == "self");
            let given = root(target, false).is_some_and(|name| self.is_given(&name));
            if own || given {
                self.add("changes", statement, &source(target));
            }
        }
    }

    fn is_given(&self, name: &str) -> bool {
        self.given.last().is_some_and(|given| given.contains_key(name))
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let listed: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in listed.iter().enumerate() {
            if let TokenTree::Group(group) = token {
                self.tokens(group.stream());
            }
            let TokenTree::Ident(name) = token else { continue };
            let rest = listed.get(at + 1..).unwrap_or_default();
            let called = match rest.first() {
                Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Parenthesis,
                Some(TokenTree::Punct(mark)) if mark.as_char() == '!' => {
                    matches!(rest.get(1), Some(TokenTree::Group(_)))
                }
                Some(TokenTree::Punct(mark)) if mark.as_char() == ':' => true, // a turbofish, if anything
                _ => false,
            };
            if called {
                self.add("call", name.span(), &name.to_string());
            }
        }
    }
}

struct Breaks<'reader>(&'reader mut Reader);

impl<'tree> Visit<'tree> for Breaks<'_> {
    fn visit_expr_break(&mut self, found: &'tree syn::ExprBreak) {
        if let Some(value) = &found.expr {
            self.0.add("returns", value.span(), &source(value));
        }
    }
    fn visit_expr_loop(&mut self, _: &'tree syn::ExprLoop) {}
    fn visit_expr_while(&mut self, _: &'tree syn::ExprWhile) {}
    fn visit_expr_for_loop(&mut self, _: &'tree syn::ExprForLoop) {}
    fn visit_expr_closure(&mut self, _: &'tree syn::ExprClosure) {}
    fn visit_item(&mut self, _: &'tree syn::Item) {}
}

impl<'tree> Visit<'tree> for Reader {
    fn visit_item_fn(&mut self, item: &'tree syn::ItemFn) {
        self.function(&item.sig, &item.block);
    }
    fn visit_impl_item_fn(&mut self, item: &'tree syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
    }
    fn visit_trait_item_fn(&mut self, item: &'tree syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
    }
    fn visit_expr_closure(&mut self, closure: &'tree syn::ExprClosure) {
        self.functions.push((closure.span().start().line, closure.span().end().line));
        self.given.push(HashMap::new());
        visit::visit_expr_closure(self, closure);
        self.given.pop();
        self.functions.pop();
    }
    fn visit_item_use(&mut self, item: &'tree syn::ItemUse) {
        self.add("import", item.span(), "");
    }
    fn visit_macro(&mut self, called: &'tree syn::Macro) {
        if let Some(last) = called.path.segments.last() {
            self.add("call", last.ident.span(), &last.ident.to_string());
        }
        if is_raising(&called.path) {
            self.add("raises", called.span(), &source(called));
        }
        self.tokens(called.tokens.clone());
        visit::visit_macro(self, called);
    }
    fn visit_expr_return(&mut self, found: &'tree syn::ExprReturn) {
        if let Some(value) = &found.expr {
            self.add("returns", found.span(), &source(value));
        }
        visit::visit_expr_return(self, found);
    }
    fn visit_expr_if(&mut self, branch: &'tree syn::ExprIf) {
        if let ([only], None) = (&branch.then_branch.stmts[..], &branch.else_branch) {
            let leaves = match only {
                Stmt::Expr(Expr::Return(_) | Expr::Break(_) | Expr::Continue(_), _) => true,
                Stmt::Expr(Expr::Macro(called), _) => is_raising(&called.mac.path),
                Stmt::Macro(called) => is_raising(&called.mac.path),
                _ => false,
            };
            if leaves {
                self.add("guard", branch.span(), &format!("{}: {}", source(&branch.cond), source(only)));
            }
        }
        visit::visit_expr_if(self, branch);
    }
    fn visit_expr_assign(&mut self, assign: &'tree syn::ExprAssign) {
        self.change(assign.span(), &assign.left);
        visit::visit_expr_assign(self, assign);
    }
    fn visit_expr_binary(&mut self, operation: &'tree syn::ExprBinary) {
        use BinOp::*;
        if matches!(
            operation.op,
            AddAssign(_) | SubAssign(_) | MulAssign(_) | DivAssign(_) | RemAssign(_) | BitXorAssign(_)
                | BitAndAssign(_) | BitOrAssign(_) | ShlAssign(_) | ShrAssign(_)
        ) {
            self.change(operation.span(), &operation.left);
        }
        visit::visit_expr_binary(self, operation);
    }
    fn visit_expr_call(&mut self, call: &'tree syn::ExprCall) {
        if let Expr::Path(path) = &*call.func {
            if let Some(last) = path.path.segments.last() {
                self.add("call", last.ident.span(), &last.ident.to_string());
            }
        }
        visit::visit_expr_call(self, call);
    }
    fn visit_expr_method_call(&mut self, call: &'tree syn::ExprMethodCall) {
        self.add("call", call.method.span(), &call.method.to_string());
        if let Some(name) = root(&call.receiver, false) {
            let part = name == "self" && !matches!(&*call.receiver, Expr::Path(_));
            if part || self.is_given(&name) {
                let text = text_of(call.receiver.span(), call.method.span());
                self.add("changes", call.span(), &format!("{text}(...)"));
            }
        }
        visit::visit_expr_method_call(self, call);
    }
}

fn main() {
    let mut paths = String::new();
    std::io::stdin().read_to_string(&mut paths).unwrap();
    let mut all = Vec::new();
    for path in paths.lines() {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        all.push(match syn::parse_file(&text) {
            Ok(file) => {
                let mut reader = Reader::default();
                reader.visit_file(&file);
                format!("[{}]", reader.rows.join(","))
            }
            Err(_) => "null".to_string(),
        });
    }
    println!("[{}]", all.join(","));
}
