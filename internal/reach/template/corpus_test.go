package template

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

var (
	//go:embed testdata/oracle/data.json
	corpusData []byte
	//go:embed testdata/oracle/corpus.txt
	corpusText string
)

func oracleCases() []oracleCase {
	var cases []oracleCase
	for text := range strings.SplitSeq(strings.TrimSuffix(corpusText, "\n"), "\n---\n") {
		cases = append(cases, oracleCase{Template: text, Data: corpusData})
	}
	cases = append(cases, filterCases()...)
	cases = append(cases, operatorCases()...)
	cases = append(cases, dateCases()...)
	return append(cases, snippetCases()...)
}

// filterCases puts every sort of value through every filter.
func filterCases() []oracleCase {
	calls := []string{
		"append: 'x'", "capitalize", "downcase", "escape", "escape_once", "lstrip", "newline_to_br", "prepend: 1", "remove: 'a'",
		"remove_first: 'a'", "replace: 'a', 'bb'", "replace_first: 'a', 'bb'", "rstrip", "slice: 1", "slice: -2, 2", "split: ','",
		"split: ' '", "strip", "strip_html", "truncate: 6", "truncate: 6, '…'", "upcase", "url_encode",
		"first", "last", "size", "join: ','", "reverse", "sort", "uniq", "map: 'name'", "where: 'name'", "abs", "at_least: 2",
		"at_most: 2", "ceil", "floor", "round", "round: 1", "divided_by: 4", "minus: 2", "modulo: 3", "plus: 1.5", "times: 3",
		"default: 'd'", "default: 'd', allow_false: true",
	}
	values := []string{
		"traits.first_name", "traits.tags", "traits.empty_text", "traits.spaces", "traits.yes", "traits.no", "numbers", "words", "nothing",
		"html", "lines", "csv", "zero", "minus", "big", "tiny", "digits", "decimal", "hex", "words_number", "query", "missing", "half",
		"'<b>a, ä</b>'", "0", "-1.5", "true", "nil", "(1..4)",
	}
	var cases []oracleCase
	for _, call := range calls {
		for _, v := range values {
			cases = append(cases, oracleCase{Template: "{{ " + v + " | " + call + " }}", Data: corpusData})
		}
	}
	return cases
}

// operatorCases compares every pair of sorts. That nil is blank, liquidjs knows
// only from one side.
func operatorCases() []oracleCase {
	values := []string{"1", "'1'", "'a'", "''", "' '", "true", "false", "nil", "missing", "empty", "blank", "numbers", "nothing", "traits.yes", "2.5", "'2.5'", "words"}
	var cases []oracleCase
	for _, a := range values {
		for _, b := range values {
			if a == "nil" && b == "blank" {
				continue
			}
			for _, op := range []string{"==", "!=", "<", "<=", ">", ">=", "contains"} {
				cases = append(cases, oracleCase{Template: fmt.Sprintf("{%% if %s %s %s %%}yes{%% else %%}no{%% endif %%}", a, op, b), Data: corpusData})
			}
		}
	}
	return cases
}

// dateCases are moments around changes of the clock in several zones.
func dateCases() []oracleCase {
	var cases []oracleCase
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/St_Johns"} {
		for _, moment := range []string{
			"'2024-03-31T00:59:59Z'", "'2024-03-31T01:00:00Z'", "'2024-11-03T05:59:59Z'", "'2024-11-03T06:00:00Z'", "1700000000",
			"'1999-12-31T23:59:59.999Z'", "'2024-02-29T12:00:00+05:30'", "0",
		} {
			text := "{{ " + moment + ` | date: "%Y-%m-%d %H:%M:%S.%L %z %:z %a %j %U %W %s %p %-l" }} {{ ` + moment + ` | date }}`
			if moment == "0" {
				text = `{{ 0 | date: "%Y-%m-%d %H:%M" }}`
			}
			cases = append(cases, oracleCase{Template: text, Zone: zone})
		}
	}
	return cases
}

func snippetCases() []oracleCase {
	snippets := map[string]string{
		"hello":  "Hello {{ name | default: 'you' }}{{ traits.first_name }}!",
		"card":   "[{{ item.name }} {{ item.price }}{% if forloop %}{% endif %}]",
		"row":    "{{ forloop.index }}:{{ row.name }}{% unless forloop.last %}, {% endunless %}",
		"outer":  "<{% render 'hello', name: who %}{{ local }}>",
		"assign": "{% assign local = 'in' %}{{ local }}{{ given }}",
		"trim":   "  a  ",
	}
	delete(snippets, "card")
	templates := []string{
		"{% render 'hello' %}",
		"{% render 'hello', name: 'Bob' %}{% render 'hello', name: traits.last_name %}",
		"{% assign name = 'local' %}{% render 'hello' %}",
		"{% render 'outer', who: 'x' %}",
		"{% assign local = 'out' %}{% render 'assign' %}{{ local }}{% render 'assign', given: local %}",
		"{% for i in (1..3) %}{% render 'assign', given: i %}{% endfor %}",
		"{% render 'row' for items as row %}",
		"{% render 'hello' with traits.first_name as name %}",
		"{% render 'hello' with traits.city as name, other: 1 %}",
		"a {%- render 'trim' -%} b",
	}
	var cases []oracleCase
	for _, text := range templates {
		cases = append(cases, oracleCase{Template: text, Data: json.RawMessage(corpusData), Snippets: snippets})
	}
	return cases
}
