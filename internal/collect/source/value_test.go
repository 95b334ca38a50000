package source

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
)

// TestMapping_values reads one cell of one row in every way there is.
func TestMapping_values(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, cell, want string }{ // want "" is absent, "!code" a reject
		{"text", `"{x}"`, "red", `"red"`},
		{"text around", `"a {x} b"`, "red", `"a red b"`},
		{"text around nothing", `"a {x} b"`, "", ""},
		{"text is escaped", `"{x}"`, `"a ""b"" \"`, `"a \"b\" \\"`},
		{"braces", `"{{{x}}}"`, "red", `"{red}"`},
		{"constant text", `red`, "1", `"red"`},
		{"constant number", `12.50`, "1", `12.5`},
		{"constant truth", `true`, "1", `true`},
		{"constant list", `{value: [1, a]}`, "1", `[1,"a"]`},
		{"column", `{column: x}`, "red", `"red"`},
		{"an empty word", `{column: x}`, "NA", ""},

		{"number", `{column: x, as: number}`, "12.50", `12.5`},
		{"number without zero", `{column: x, as: number}`, ".5", `0.5`},
		{"number with zeros", `{column: x, as: number}`, "007", `7`},
		{"number with sign", `{column: x, as: number}`, "+3", `3`},
		{"number below zero", `{column: x, as: number}`, "-0.10", `-0.1`},
		{"number keeps its digits", `{column: x, as: number}`, "3.4900000000000002", `3.4900000000000002`},
		{"number with exponent", `{column: x, as: number}`, "1.5e3", `1500`},
		{"number with thousands", `{column: x, as: number, decimal: ",", thousands: "."}`, `"1.234.567,89"`, `1234567.89`},
		{"no number", `{column: x, as: number}`, "12a", "!bad_number"},
		{"other marks", `{column: x, as: number}`, `"1,5"`, "!bad_number"},
		{"endless exponent", `{column: x, as: number}`, "1e999999", "!bad_number"},
		{"many digits", `{column: x, as: number}`, strings.Repeat("9", 100), "!bad_number"},
		{"integer", `{column: x, as: integer}`, "12", `12`},
		{"integer with nothing behind", `{column: x, as: integer}`, "12.00", `12`},
		{"no integer", `{column: x, as: integer}`, "12.5", "!bad_integer"},
		{"cents", `{column: x, as: minor}`, "1999", `19.99`},
		{"whole units", `{column: x, as: minor, digits: 0}`, "1999", `1999`},
		{"thousandths", `{column: x, as: minor, digits: 3}`, "5", `0.005`},
		{"price for one", `{column: x, per: n}`, "10", `3.3333`},
		{"price for none", `{column: x, per: none}`, "10", ""},

		{"yes", `{column: x, as: boolean}`, "Yes", `true`},
		{"no", `{column: x, as: boolean}`, "0", `false`},
		{"own yes", `{column: x, as: boolean, yes: ja, no: [nein, "-"]}`, "-", `false`},
		{"neither", `{column: x, as: boolean}`, "perhaps", "!unknown_word"},

		{"time", `{column: x, as: time}`, "2017-01-28 14:06:53", `"2017-01-28T14:06:53Z"`},
		{"time of day and fraction", `{column: x, as: time}`, "2017-01-28T14:06:53.25+02:00", `"2017-01-28T12:06:53.25Z"`},
		{"day", `{column: x, as: time}`, "2017-01-28", `"2017-01-28T00:00:00Z"`},
		{"time in its zone", `{column: x, as: time, zone: Europe/Berlin}`, "2017-07-28 14:06", `"2017-07-28T12:06:00Z"`},
		{"time by layout", `{column: x, as: time, layout: DD.MM.YYYY hh:mm}`, "28.01.2017 14:06", `"2017-01-28T14:06:00Z"`},
		{"time by one of two", `{column: x, as: time, layout: [M/D/YYYY, M/D/YY]}`, "3/10/17", `"2017-03-10T00:00:00Z"`},
		{"time of half a day", `{column: x, as: time, layout: "MMM D, YYYY h:mm AM"}`, `"Jan 2, 2017 3:04 PM"`, `"2017-01-02T15:04:00Z"`},
		{"digits only", `{column: x, as: time, layout: YYYYMMDD}`, "19970101", `"1997-01-01T00:00:00Z"`},
		{"seconds", `{column: x, as: time, layout: unix}`, "1485612413", `"2017-01-28T14:06:53Z"`},
		{"milliseconds", `{column: x, as: time, layout: unix_ms}`, "1485612413250", `"2017-01-28T14:06:53.25Z"`},
		{"day or month first is not guessed", `{column: x, as: time}`, "01/02/2017", "!bad_time"},
		{"no such day", `{column: x, as: time}`, "2017-02-30", "!bad_time"},
		{"a year out of reach", `{column: x, as: time}`, "0017-02-20", "!bad_time"},
		{"date", `{column: x, as: date, layout: D.M.YYYY}`, "2.1.2017", `"2017-01-02"`},
		{"date stays where it is", `{column: x, as: date, zone: Asia/Tokyo}`, "2017-01-28", `"2017-01-28"`},

		{"words", `{column: x, words: {m: male, f: female}}`, "f", `"female"`},
		{"a word that is not listed", `{column: x, words: {m: male}}`, "x", "!unknown_word"},
		{"nothing is no word", `{column: x, words: {m: male}}`, "", ""},
		{"otherwise", `{column: x, words: {m: male}, otherwise: other}`, "x", `"other"`},
		{"otherwise for nothing", `{column: x, words: {m: male}, otherwise: unknown}`, "", `"unknown"`},
		{"words to truth", `{column: x, words: {ja: "yes"}, as: boolean}`, "ja", `true`},

		{"list", `{column: x, split: ";"}`, "a; b;;c", `["a","b","c"]`},
		{"list in brackets", `{column: x, split: ";", trim: "[]"}`, "[Horror;Action]", `["Horror","Action"]`},
		{"list of nothing", `{column: x, split: ";", trim: "[]"}`, "[]", ""},
		{"list of numbers", `{column: x, split: "|", as: number}`, "1|2.50", `[1,2.5]`},
		{"list of a bad one", `{column: x, split: "|", as: number}`, "1|x", "!bad_number"},
		{"trimmed", `{column: x, trim: "*"}`, "*a*", `"a"`},
		{"json", `{column: x, as: json}`, `"{""a"":[1,2]}"`, `{"a":[1,2]}`},
		{"no json", `{column: x, as: json}`, `{a`, "!bad_json"},

		{"first", `{first: ["{none}", "{x}", "{n}"]}`, "red", `"red"`},
		{"first of none", `{first: ["{none}", "{x}"]}`, "", ""},
		{"first or constant", `{first: ["{x}", 0]}`, "", `0`},
		{"object", `{object: {a: "{x}", b: "{none}", c: 1}}`, "red", `{"a":"red","c":1}`},
		{"list of values", `["{x}", "{none}", 3]`, "red", `["red",3]`},
		{"when", `{column: x, when: {n: "3"}}`, "red", `"red"`},
		{"when not", `{column: x, when: {n: ["4", "5"]}}`, "red", ""},
		{"when filled", `{column: x, when: {none: "*"}}`, "red", ""},
		{"when empty", `{column: x, when: {none: ""}}`, "red", `"red"`},
		{"when larger", `{column: x, when: {n: "> 2.5"}}`, "red", `"red"`},
		{"when at most", `{column: x, when: {n: "<= 2.5"}}`, "red", ""},
		{"when no number", `{column: x, when: {x: "> 1"}}`, "red", ""},
		{"unless", `{column: x, unless: {n: "3"}}`, "red", ""},
		{"all of when", `{column: x, when: {n: "3", none: "*"}}`, "red", ""},
		{"none of unless", `{column: x, unless: {n: "4", none: "*"}}`, "red", `"red"`},

		{"sum of one", `{sum: x}`, "1.10", `1.1`},
		{"sum of cents", `{sum: x, as: minor}`, "110", `1.1`},
		{"count", `{count: rows}`, "1", `1`},
		{"each", `{each: {a: "{x}"}}`, "red", `[{"a":"red"}]`},
		{"place", `"{:file}:{:line}"`, "red", `"rows.csv:2"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := parsed(t, `
name: test
empty: [NA]
files: {rows: "*.csv"}
rows: {from: rows, events: {type: track, event: E, time: 2020-01-01, ids: {user_id: u}, properties: {p: `+tt.value+`}}}`)
			s := newShop()
			_, rejects := imported(t, s, Options{Mapping: m, Paths: []string{folder(t, map[string]string{"rows.csv": "x,n,none\n" + tt.cell + ",3,\n"})}})
			if code, ok := strings.CutPrefix(tt.want, "!"); ok {
				if len(rejects) != 1 || rejects[0].Code != code || rejects[0].Line != 2 {
					t.Fatalf("rejects %+v, want %s", rejects, code)
				}
				return
			}
			if len(rejects) > 0 || len(s.events) != 1 {
				t.Fatalf("rejects %+v, %d events", rejects, len(s.events))
			}
			if got := string(event.Path(s.events[0].Raw, "properties.p")); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestMapping_events makes each type of event, with identifiers of every kind.
func TestMapping_events(t *testing.T) {
	t.Parallel()
	const file = "id,mail,tel,card,anon,dev,push,old,org,day\n7,a@b.c,+49 30 1,55,an-1,d-1,tok,o-1,g-1,2020-02-03\n"
	tests := []struct{ name, rule, want string }{
		{
			"identify", `{type: identify, ids: {user_id: "{id}", email: "{mail}", phone: "{tel}", member_id: "{card}", loyalty_id: "{card}", anonymous_id: "{anon}", device_id: "{dev}", push_token: "{push}"}, time: "{day}", traits: {city: Bonn}}`,
			`{"type":"identify","timestamp":"2020-02-03T00:00:00Z","userId":"7","anonymousId":"an-1","traits":{"email":"a@b.c","phone":"+49 30 1","member_id":"55","city":"Bonn"},"context":{"externalIds":[{"id":"55","type":"loyalty_id","collection":"users","encoding":"none"}],"device":{"id":"d-1","token":"tok"}}}`,
		},
		{
			"identify with a trait of its own", `{type: identify, ids: {email: "{mail}"}, traits: {email: "x@y.z"}}`,
			`{"type":"identify","traits":{"email":"x@y.z"},"context":{}}`,
		},
		{
			"two of a kind", `{type: identify, ids: {email: ["{mail}", "second@b.c"]}}`,
			`{"type":"identify","traits":{"email":"a@b.c"},"context":{"externalIds":[{"id":"second@b.c","type":"email","collection":"users","encoding":"none"}]}}`,
		},
		{
			"track", `{type: track, time: "{day}", event: "Bought {card}", ids: {email: "{mail}"}, notice: till@1, traits: {vip: true}, context: {ip: 1.2.3.4}, properties: {a: 1}}`,
			`{"type":"track","timestamp":"2020-02-03T00:00:00Z","event":"Bought 55","properties":{"a":1},"context":{"notice":"till@1","traits":{"vip":true},"externalIds":[{"id":"a@b.c","type":"email","collection":"users","encoding":"none"}],"ip":"1.2.3.4"}}`,
		},
		{
			"page", `{type: page, time: '{day}', name: Home, ids: {anonymous_id: "{anon}"}}`,
			`{"type":"page","timestamp":"2020-02-03T00:00:00Z","name":"Home","anonymousId":"an-1","context":{}}`,
		},
		{
			"group", `{type: group, group: "{org}", ids: {user_id: "{id}"}, traits: {name: ACME}}`,
			`{"type":"group","groupId":"g-1","userId":"7","traits":{"name":"ACME"},"context":{}}`,
		},
		{
			"alias", `{type: alias, previous: "{old}", ids: {user_id: "{id}"}}`,
			`{"type":"alias","previousId":"o-1","userId":"7","context":{}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := one(t, "name: t\nfiles: {rows: '*.csv'}\nrows: {from: rows, key: id, events: "+tt.rule+"}", file)
			var a, b map[string]any
			if err := json.Unmarshal([]byte(got), &a); err != nil {
				t.Fatal(err)
			}
			delete(a, "messageId")
			if err := json.Unmarshal([]byte(tt.want), &b); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(b, a); diff != "" {
				t.Errorf("event (-want +got)\n%s", diff)
			}
		})
	}
}

const orders = `
name: shop
zone: Europe/Berlin
files:
  lines: "lines*.csv"
  products: {path: "products*.csv", optional: true}
rows:
  - from: lines
    group: [customer, order]
    lookup:
      product: {file: products, by: {sku: sku}}
      maker: {file: products, by: {sku: product.made_from}}
    events:
      - type: track
        event: Order Completed
        ids: {user_id: "{customer}"}
        time: "{day}"
        properties:
          order_id: "{order}"
          total: {sum: amount}
          lines: {count: rows}
          gifts: {count: rows, when: {gift: "yes"}}
          products:
            each: {product_id: "{sku}", name: "{product.name}", from: "{maker.name}"}
            unless: {sku: ""}
`

func TestMapping_groupsAndLookups(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"lines-1.csv": "order,customer,sku,amount,gift,day\n1,a,s1,1.10,yes,2020-01-01\n2,a,s2,5,,2020-01-02\n1,a,s2,2.20,,2020-01-01\n",
		"lines-2.csv": "customer,order,day,gift,amount,sku\nb,1,2020-01-03,,0.1,\na,1,2020-01-01,,0.2,s9\n",
		// The second line of one key is not the one that is found.
		"products.csv": "sku,name,made_from\ns1,Shirt,s2\ns2,Yarn,\ns1,Other,\n",
	}
	want := map[string]string{
		"a 1": `{"order_id":"1","total":3.5,"lines":3,"gifts":1,"products":[{"product_id":"s1","name":"Shirt","from":"Yarn"},{"product_id":"s2","name":"Yarn"},{"product_id":"s9"}]}`,
		"a 2": `{"order_id":"2","total":5,"lines":1,"gifts":0,"products":[{"product_id":"s2","name":"Yarn"}]}`,
		"b 1": `{"order_id":"1","total":0.1,"lines":1,"gifts":0}`,
	}
	for _, buffer := range []int{0, 1} { // in memory, and each row written to disk
		s := newShop()
		r, rejects := imported(t, s, Options{Mapping: parsed(t, orders), Paths: []string{folder(t, files)}, Buffer: buffer})
		if len(rejects) > 0 || r.Rows != 5 || r.Files != 3 {
			t.Fatalf("rejects %+v, report %+v", rejects, r)
		}
		got := map[string]string{}
		for _, e := range s.events {
			got[e.Identifiers[0].Value.Reveal()+" "+property(&e, "order_id")] = string(event.Path(e.Raw, "properties"))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("orders (-want +got)\n%s", diff)
		}
	}
}

func TestMapping_grants(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"subscribers.csv": "email,customer_number,first_name,last_name,topics,status,signed_up,changed,form\n" +
			"a@b.de,1,A,B,shoes|hats,subscribed,2019-05-01,2021-06-02,F1\n" +
			"c@d.de,,C,D,,unsubscribed,2019-05-01,,F1\n" +
			"e@f.de,,E,F,,maybe,2019-05-01,,F1\n" +
			"g@h.de,,G,H,,subscribed,,,F1\n",
		"unsubscribed.csv": "email,unsubscribed_at\nx@y.de,\nz@y.de,2020-02-03\n",
	})
	o := Options{Mapping: workspaceMapping(t, "list"), Paths: []string{dir}, AsOf: clock.Instant(1_600_000_000_000_000)}
	s := newShop()
	r, rejects := imported(t, s, o)
	if len(rejects) != 1 || rejects[0].Code != "unknown_word" || rejects[0].Line != 4 {
		t.Errorf("rejects %+v", rejects)
	}
	var got []string
	for _, g := range s.grants {
		got = append(got, strings.Join([]string{g.Purpose, g.Channel, g.Status.String(), g.Notice, g.Method, g.Said.Format()[:10], g.Evidence}, " "))
	}
	want := []string{
		"marketing.communications.email email granted newsletter@2 form 2021-06-01 form F1 subscribers.csv:2",
		"marketing.communications.email email withdrawn newsletter@2 form 2019-04-30 form F1 subscribers.csv:3",
		"marketing.communications.email email granted newsletter@2 form 2020-09-13 form F1 subscribers.csv:5",
		"marketing.communications  withdrawn  import 2020-09-13 unsubscribed.csv:2",
		"marketing.communications  withdrawn  import 2020-02-02 unsubscribed.csv:3",
	}
	if diff := cmp.Diff(want, got); diff != "" || r.Grants != 5 {
		t.Errorf("grants %d (-want +got)\n%s", r.Grants, diff)
	}
	if got := event.Path(s.events[0].Raw, "context.grants"); !strings.Contains(string(got), `"said":"2021-06-01T22`) || strings.Contains(string(got), "csv") {
		t.Errorf("the event tells of its grants %s", []byte(got))
	}
	again, _ := imported(t, s, o)
	if again.Accepted != 0 || again.Duplicates != 5 {
		t.Errorf("again: %+v", again)
	}
	// The same list, exported on a later day, says that it still holds.
	o.AsOf = o.AsOf.Add(48 * 3600 * 1e9)
	later, _ := imported(t, s, o)
	if later.Accepted != 2 || later.Duplicates != 3 {
		t.Errorf("a later export: %+v", later)
	}
}
