package PACKAGE

import (
	assistJSON "encoding/json"
	assistFmt "fmt"
	assistOS "os"
	assistReflect "reflect"
	assistRuntime "runtime"
	assistSort "sort"
	assistStrconv "strconv"
	assistStrings "strings"
	assistSync "sync"
	assistTesting "testing"
	assistTime "time"
	assistUTF8 "unicode/utf8"
IMPORTS
)

// assistRow is what a value is: how a test compares it, a literal of it, and the packages that this needs.
type assistRow struct {
	Name  string   `json:"name"`
	How   string   `json:"how"`
	Text  string   `json:"text"`
	Needs []string `json:"needs"`
}

type assistOutcome struct {
	Values  []assistRow `json:"values"`
	Changes []assistRow `json:"changes"`
	Lines   []int       `json:"lines"`
	Panic   *string     `json:"panic"`
	Misuse  bool        `json:"misuse"`
}

var (
	assistLock  assistSync.Mutex
	assistLines = map[int]bool{}
	assistOwn   = assistReflect.TypeOf(assistRow{}).PkgPath()
)

func assistHit(line int) {
	assistLock.Lock()
	assistLines[line] = true
	assistLock.Unlock()
}

type assistWriter struct{ needs map[string]bool }

func (w *assistWriter) kind(t assistReflect.Type) (string, bool) {
	if t.Name() != "" {
		if assistStrings.ContainsAny(t.Name(), "[.") {
			return "", false
		}
		switch t.PkgPath() {
		case "":
			return t.Name(), true
		case assistOwn:
			return t.Name(), true
		}
		if !('A' <= t.Name()[0] && t.Name()[0] <= 'Z') || assistStrings.Contains(t.PkgPath(), "internal") {
			return "", false
		}
		w.needs[t.PkgPath()] = true
		return t.String(), true
	}
	switch t.Kind() {
	case assistReflect.Slice:
		if t.Elem() == assistReflect.TypeOf(byte(0)) {
			return "[]byte", true
		}
		text, ok := w.kind(t.Elem())
		return "[]" + text, ok
	case assistReflect.Array:
		text, ok := w.kind(t.Elem())
		return assistFmt.Sprintf("[%d]%s", t.Len(), text), ok
	case assistReflect.Map:
		key, first := w.kind(t.Key())
		text, ok := w.kind(t.Elem())
		return "map[" + key + "]" + text, ok && first
	case assistReflect.Ptr:
		text, ok := w.kind(t.Elem())
		return "*" + text, ok
	case assistReflect.Interface:
		if t.NumMethod() == 0 {
			return "any", true
		}
	case assistReflect.Struct:
		if t.NumField() == 0 {
			return "struct{}", true
		}
	}
	return "", false
}

func assistQuoted(text string) string {
	if assistStrings.Contains(text, `"`) && assistStrconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return assistStrconv.Quote(text)
}

// literal is an expression of a value; typed says that nothing around it says its type.
func (w *assistWriter) literal(v assistReflect.Value, typed bool, depth int) (string, bool) {
	if depth > 6 {
		return "", false
	}
	t := v.Type()
	basic := func(text string, plain bool) (string, bool) {
		if !typed || plain && t.PkgPath() == "" {
			return text, true
		}
		name, ok := w.kind(t)
		return name + "(" + text + ")", ok
	}
	switch v.Kind() {
	case assistReflect.Bool:
		return basic(assistStrconv.FormatBool(v.Bool()), true)
	case assistReflect.String:
		return basic(assistQuoted(v.String()), true)
	case assistReflect.Int, assistReflect.Int8, assistReflect.Int16, assistReflect.Int32, assistReflect.Int64:
		return basic(assistStrconv.FormatInt(v.Int(), 10), v.Kind() == assistReflect.Int)
	case assistReflect.Uint, assistReflect.Uint8, assistReflect.Uint16, assistReflect.Uint32, assistReflect.Uint64, assistReflect.Uintptr:
		return basic(assistStrconv.FormatUint(v.Uint(), 10), false)
	case assistReflect.Float32, assistReflect.Float64:
		bits := 64
		if v.Kind() == assistReflect.Float32 {
			bits = 32
		}
		f := v.Float()
		text := assistStrconv.FormatFloat(f, 'g', -1, bits)
		if f != f || assistStrings.Contains(text, "Inf") || text == "-0" {
			return "", false
		}
		if !assistStrings.ContainsAny(text, ".e") {
			text += ".0"
		}
		return basic(text, bits == 64)
	case assistReflect.Interface:
		if v.IsNil() {
			return "nil", true
		}
		return w.literal(v.Elem(), true, depth+1)
	case assistReflect.Func, assistReflect.Chan, assistReflect.UnsafePointer:
		return "nil", v.Kind() != assistReflect.UnsafePointer && v.IsNil() && !typed
	case assistReflect.Ptr:
		if v.IsNil() {
			return "nil", !typed
		}
		if v.Elem().Kind() != assistReflect.Struct {
			return "", false
		}
		text, ok := w.literal(v.Elem(), true, depth+1)
		return "&" + text, ok
	}
	name, ok := w.kind(t)
	if !ok {
		return "", false
	}
	var parts []string
	switch v.Kind() {
	case assistReflect.Slice, assistReflect.Array:
		if v.Kind() == assistReflect.Slice {
			if v.IsNil() {
				return "nil", !typed
			}
			if t.Elem().Kind() == assistReflect.Uint8 && t.Elem().PkgPath() == "" {
				if data := string(v.Bytes()); data != "" && assistUTF8.ValidString(data) {
					return name + "(" + assistQuoted(data) + ")", true
				}
			}
		}
		for at := 0; at < v.Len(); at++ {
			text, ok := w.literal(v.Index(at), false, depth+1)
			if !ok || at > 50 {
				return "", false
			}
			parts = append(parts, text)
		}
	case assistReflect.Map:
		if v.IsNil() {
			return "nil", !typed
		}
		for _, key := range v.MapKeys() {
			first, good := w.literal(key, false, depth+1)
			text, ok := w.literal(v.MapIndex(key), false, depth+1)
			if !ok || !good || len(parts) > 50 {
				return "", false
			}
			parts = append(parts, first+": "+text)
		}
		assistSort.Strings(parts)
	case assistReflect.Struct:
		for at := 0; at < v.NumField(); at++ {
			field := t.Field(at)
			if v.Field(at).IsZero() {
				continue
			}
			if field.Name == "_" || field.PkgPath != "" && t.PkgPath() != assistOwn {
				return "", false
			}
			text, ok := w.literal(v.Field(at), false, depth+1)
			if !ok {
				return "", false
			}
			parts = append(parts, field.Name+": "+text)
		}
	default:
		return "", false
	}
	return name + "{" + assistStrings.Join(parts, ", ") + "}", true
}

func assistShown(name string, value any) assistRow {
	row := assistRow{Name: name, Needs: []string{}}
	if value == nil {
		row.How, row.Text = "nil", "nil"
		return row
	}
	v := assistReflect.ValueOf(value)
	switch v.Kind() {
	case assistReflect.Ptr, assistReflect.Map, assistReflect.Slice, assistReflect.Func, assistReflect.Chan:
		if v.IsNil() {
			row.How, row.Text = "nil", "nil"
			return row
		}
	}
	if err, ok := value.(error); ok {
		row.How, row.Text = "error", assistQuoted(err.Error())
		return row
	}
	w := &assistWriter{map[string]bool{}}
	text, ok := w.literal(v, true, 0)
	if ok {
		row.How, row.Text = "deep", text
		switch v.Kind() {
		case assistReflect.Bool, assistReflect.String, assistReflect.Float32, assistReflect.Float64:
			row.How = "basic"
		case assistReflect.Slice, assistReflect.Map:
			if v.Len() == 0 {
				row.How, row.Text = "empty", "0"
				return row
			}
		}
		if v.CanInt() || v.CanUint() {
			row.How = "basic"
		}
		for need := range w.needs {
			row.Needs = append(row.Needs, need)
		}
		assistSort.Strings(row.Needs)
	} else if text, ok := value.(assistFmt.Stringer); ok {
		row.How, row.Text = "string", assistQuoted(text.String())
	}
	return row
}

func assistShow(values ...any) []assistRow {
	rows := []assistRow{}
	for _, value := range values {
		rows = append(rows, assistShown("", value))
	}
	return rows
}

// assistChanged are the places that are no longer what they were.
func assistChanged(before, after []assistRow) []assistRow {
	rows := []assistRow{}
	for at, row := range after {
		if before[at].How != row.How || before[at].Text != row.Text {
			rows = append(rows, row)
		}
	}
	return rows
}

func assistOne(call func() ([]assistRow, []assistRow)) (found assistOutcome) {
	assistLock.Lock()
	assistLines = map[int]bool{}
	assistLock.Unlock()
	defer func() {
		if value := recover(); value != nil {
			text := assistFmt.Sprint(value)
			found.Panic = &text
			_, found.Misuse = value.(assistRuntime.Error)
		}
		assistLock.Lock()
		found.Lines = []int{}
		for line := range assistLines {
			found.Lines = append(found.Lines, line)
		}
		assistLock.Unlock()
		assistSort.Ints(found.Lines)
	}()
	found.Values, found.Changes = call()
	return
}

func TestAssistObserve(t *assistTesting.T) {
	mark := assistOS.Getenv("ASSIST_MARK")
	seconds, _ := assistStrconv.ParseFloat(assistOS.Getenv("ASSIST_SECONDS"), 64)
	out := assistOS.Stdout
	write := func(what string, number int, found any) {
		text, _ := assistJSON.Marshal(map[string]any{what: number, "row": found})
		assistFmt.Fprintf(out, "\n%s%s\n", mark, text)
	}
	for _, word := range assistStrings.Split(assistOS.Getenv("ASSIST_CALLS"), ",") {
		number, err := assistStrconv.Atoi(word)
		if err != nil {
			continue
		}
		write("begin", number, nil)
		done := make(chan assistOutcome, 1)
		ended := make(chan bool, 1)
		go func() {
			defer func() { ended <- true }()
			done <- assistOne(assistCalls[number])
		}()
		select {
		case <-ended:
			select {
			case found := <-done:
				write("end", number, found)
			default:
				write("late", number, nil)
				assistOS.Exit(0)
			}
		case <-assistTime.After(assistTime.Duration(seconds * float64(assistTime.Second))):
			write("late", number, nil)
			assistOS.Exit(0)
		}
	}
	assistOS.Exit(0)
}
