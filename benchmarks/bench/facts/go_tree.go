// Statements and calls of files of Go by Go's own parser.
//
//	go run go_tree.go < paths as JSON > rows as JSON, a list for each path
package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
)

type row struct {
	Kind      string   `json:"kind"`
	Line      int      `json:"line"`
	Last      int      `json:"last"`
	Text      string   `json:"text"`
	Functions [][2]int `json:"functions"`
}

type reader struct {
	files     *token.FileSet
	text      []byte
	receivers []string
	functions [][2]int
	given     []map[string]bool // the parameters that are no copies and have no other value in their function
	rows      []row
}

func givenNames(function *ast.FuncDecl) map[string]bool {
	names := map[string]bool{}
	for _, field := range function.Type.Params.List {
		array, isArray := field.Type.(*ast.ArrayType)
		_, isMap := field.Type.(*ast.MapType)
		_, isPointer := field.Type.(*ast.StarExpr)
		for _, name := range field.Names {
			names[name.Name] = isMap || isPointer || (isArray && array.Len == nil)
		}
	}
	drop := func(node ast.Expr) {
		if name, ok := node.(*ast.Ident); ok {
			delete(names, name.Name)
		}
	}
	ast.Inspect(function, func(inner ast.Node) bool {
		switch found := inner.(type) {
		case *ast.AssignStmt:
			for _, target := range found.Lhs {
				drop(target)
			}
		case *ast.RangeStmt:
			drop(found.Key)
			drop(found.Value)
		case *ast.ValueSpec:
			for _, name := range found.Names {
				drop(name)
			}
		}
		return true
	})
	return names
}

func (r *reader) line(at token.Pos) int { return r.files.Position(at).Line }

func (r *reader) source(first, last token.Pos) string {
	return string(r.text[r.files.Position(first).Offset:r.files.Position(last).Offset])
}

func (r *reader) add(kind string, node ast.Node, text string) {
	functions := append([][2]int{}, r.functions...)
	r.rows = append(r.rows, row{kind, r.line(node.Pos()), r.line(node.End()), text, functions})
}

func (r *reader) change(statement ast.Node, target ast.Expr) {
	root := target
	for {
		switch node := root.(type) {
		case *ast.SelectorExpr:
			root = node.X
		case *ast.IndexExpr:
			root = node.X
		case *ast.StarExpr:
			root = node.X
		case *ast.ParenExpr:
			root = node.X
		case *ast.Ident:
			own := len(r.receivers) > 0 && node.Name == r.receivers[len(r.receivers)-1]
			given := len(r.given) > 0 && r.given[len(r.given)-1][node.Name]
			if node != target && (own || given) {
				r.add("changes", statement, r.source(target.Pos(), target.End()))
			}
			return
		default:
			return
		}
	}
}

func isPanic(node ast.Node) bool {
	if statement, ok := node.(*ast.ExprStmt); ok {
		node = statement.X
	}
	call, ok := node.(*ast.CallExpr)
	if !ok {
		return false
	}
	name, ok := call.Fun.(*ast.Ident)
	return ok && name.Name == "panic"
}

func (r *reader) visit(node ast.Node) {
	switch found := node.(type) {
	case *ast.ReturnStmt:
		if len(found.Results) > 0 {
			r.add("returns", found, strings.TrimPrefix(r.source(found.Pos(), found.End()), "return"))
		}
	case *ast.IfStmt:
		if len(found.Body.List) == 1 && found.Else == nil {
			only := found.Body.List[0]
			_, returns := only.(*ast.ReturnStmt)
			_, branches := only.(*ast.BranchStmt)
			if returns || branches || isPanic(only) {
				condition := r.source(found.Cond.Pos(), found.Cond.End())
				r.add("guard", found, condition+": "+r.source(only.Pos(), only.End()))
			}
		}
	case *ast.AssignStmt:
		for _, target := range found.Lhs {
			r.change(found, target)
		}
	case *ast.IncDecStmt:
		r.change(found, found.X)
	case *ast.CallExpr:
		if isPanic(found) {
			r.add("raises", found, r.source(found.Pos(), found.End()))
		}
		called := found.Fun
		if index, ok := called.(*ast.IndexExpr); ok {
			called = index.X
		} else if index, ok := called.(*ast.IndexListExpr); ok {
			called = index.X
		}
		switch name := called.(type) {
		case *ast.Ident:
			r.add("call", name, name.Name)
		case *ast.SelectorExpr:
			r.add("call", name.Sel, name.Sel.Name)
		}
	}
}

func (r *reader) walk(node ast.Node) {
	ast.Inspect(node, func(inner ast.Node) bool {
		if inner == nil || inner == node {
			return true
		}
		r.visit(inner)
		var receiver string
		given := map[string]bool{}
		switch found := inner.(type) {
		case *ast.FuncDecl:
			given = givenNames(found)
			if found.Recv != nil && len(found.Recv.List) > 0 && len(found.Recv.List[0].Names) > 0 {
				receiver = found.Recv.List[0].Names[0].Name
			}
		case *ast.FuncLit:
			if len(r.receivers) > 0 {
				receiver = r.receivers[len(r.receivers)-1]
			}
		default:
			return true
		}
		r.receivers = append(r.receivers, receiver)
		r.given = append(r.given, given)
		r.functions = append(r.functions, [2]int{r.line(inner.Pos()), r.line(inner.End())})
		r.walk(inner)
		r.receivers = r.receivers[:len(r.receivers)-1]
		r.given = r.given[:len(r.given)-1]
		r.functions = r.functions[:len(r.functions)-1]
		return false
	})
}

func main() {
	var paths []string
	if err := json.NewDecoder(os.Stdin).Decode(&paths); err != nil {
		panic(err)
	}
	all := [][]row{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			panic(err)
		}
		files := token.NewFileSet()
		tree, _ := parser.ParseFile(files, path, text, 0)
		found := &reader{files: files, text: text, rows: []row{}}
		found.walk(tree)
		all = append(all, found.rows)
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		panic(err)
	}
}
