package expression

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/policy"
)

// oracle answers with cel-go's own interpreter, over the slow model.
type oracle struct {
	env *cel.Env
	w   *world
}

func wordOf(v ref.Val) string {
	s, _ := v.Value().(string)
	return s
}

func lengthOf(v ref.Val) time.Duration {
	d, _ := v.Value().(time.Duration)
	return d
}

func newOracle(t *testing.T) *oracle {
	t.Helper()
	o := &oracle{}
	unknown := func() ref.Val { return types.NewUnknown(1, nil) }
	of := func(name string, binding func(args []ref.Val) ref.Val, params ...*cel.Type) cel.EnvOption {
		id := name
		for _, p := range params {
			id += "_" + p.String()
		}
		return cel.Function(name, cel.Overload(id, params, cel.DynType, cel.FunctionBinding(func(args ...ref.Val) ref.Val { return binding(args) })))
	}
	event := func(then func(happened []clock.Instant, args []ref.Val) ref.Val) func([]ref.Val) ref.Val {
		return func(args []ref.Val) ref.Val {
			name := wordOf(args[0])
			if o.w.withheld["events."+name] {
				return unknown()
			}
			return then(o.w.happened[name], args)
		}
	}
	extreme := func(better func(a, b clock.Instant) bool) func([]ref.Val) ref.Val {
		return event(func(happened []clock.Instant, _ []ref.Val) ref.Val {
			if len(happened) == 0 {
				return types.NewErr("never")
			}
			best := happened[0]
			for _, h := range happened {
				if better(h, best) {
					best = h
				}
			}
			return types.Timestamp{Time: best.Time()}
		})
	}
	window := func(fits func(age, limit time.Duration) bool) func([]ref.Val) ref.Val {
		return func(args []ref.Val) ref.Val {
			from, _ := args[0].Value().(time.Time)
			age := o.w.now.Time().Sub(from)
			return types.Bool(fits(age, lengthOf(args[1])))
		}
	}
	env, err := cel.NewEnv(
		cel.CrossTypeNumericComparisons(true),
		ext.Strings(),
		cel.Variable("traits", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("identifiers", cel.MapType(cel.StringType, cel.DynType)),
		of("days", func(args []ref.Val) ref.Val {
			n, _ := args[0].Value().(int64)
			return types.Duration{Duration: time.Duration(n) * 24 * time.Hour}
		}, cel.IntType),
		cel.Function("count",
			cel.Overload("count_ever", []*cel.Type{cel.StringType}, cel.DynType, cel.UnaryBinding(func(name ref.Val) ref.Val {
				return event(func(happened []clock.Instant, _ []ref.Val) ref.Val { return types.Int(len(happened)) })([]ref.Val{name})
			})),
			cel.Overload("count_days", []*cel.Type{cel.StringType, cel.DurationType}, cel.DynType, cel.BinaryBinding(func(name, length ref.Val) ref.Val {
				return event(func(happened []clock.Instant, _ []ref.Val) ref.Val {
					midnight := o.w.now.Time().Truncate(24 * time.Hour).Add(24 * time.Hour)
					n := 0
					for _, h := range happened {
						if age := midnight.Sub(h.Time()); age > 0 && age <= lengthOf(length) {
							n++
						}
					}
					return types.Int(n)
				})([]ref.Val{name})
			}))),
		of("first", extreme(func(a, b clock.Instant) bool { return a < b }), cel.StringType),
		of("last", extreme(func(a, b clock.Instant) bool { return a > b }), cel.StringType),
		of("within", window(func(age, limit time.Duration) bool { return age >= 0 && age <= limit }), cel.TimestampType, cel.DurationType),
		of("older", window(func(age, limit time.Duration) bool { return age > limit }), cel.TimestampType, cel.DurationType),
		of("ahead", window(func(age, limit time.Duration) bool { return age < 0 && -age <= limit }), cel.TimestampType, cel.DurationType),
		of("spend", func(args []ref.Val) ref.Val {
			if o.w.withheld["spend"] {
				return unknown()
			}
			scale := map[string]float64{"EUR": 100, "JPY": 1}[wordOf(args[0])]
			return types.Double(float64(o.w.spends[wordOf(args[0])].Minor) / scale)
		}, cel.StringType),
		of("orders", func([]ref.Val) ref.Val {
			if o.w.withheld["spend"] {
				return unknown()
			}
			n := int64(0)
			for _, s := range o.w.spends {
				n += s.Orders
			}
			return types.Int(n)
		}),
		o.bought("bought", func(item, _, _, what string) bool { return item == what }),
		o.bought("bought_brand", func(_, _, brand, what string) bool { return brand == what }),
		o.bought("bought_category", func(_, category, _, what string) bool {
			return category == what || strings.HasPrefix(category, what+".")
		}),
	)
	if err != nil {
		t.Fatal(err)
	}
	o.env = env
	return o
}

func (o *oracle) bought(name string, fits func(item, category, brand, what string) bool) cel.EnvOption {
	answer := func(what string, limit time.Duration) ref.Val {
		may := false
		for _, p := range o.w.purchases {
			if o.w.hides(p.Category) {
				continue
			}
			if fits(p.Item, p.Category, p.Brand, what) && p.Quantity > 0 && (limit == 0 || o.w.now.Sub(p.Last) <= limit) {
				return types.True
			}
		}
		for path := range o.w.withheld {
			hidden, isPurchase := strings.CutPrefix(path, "purchases")
			related := name != "bought_category" || hidden == "" || strings.HasPrefix("."+what+".", hidden+".") || strings.HasPrefix(hidden+".", "."+what+".")
			may = may || isPurchase && related
		}
		if may {
			return types.NewUnknown(1, nil)
		}
		return types.False
	}
	return cel.Function(name,
		cel.Overload(name+"_ever", []*cel.Type{cel.StringType}, cel.DynType, cel.UnaryBinding(func(what ref.Val) ref.Val {
			return answer(wordOf(what), 0)
		})),
		cel.Overload(name+"_within", []*cel.Type{cel.StringType, cel.DurationType}, cel.DynType, cel.BinaryBinding(func(what, length ref.Val) ref.Val {
			return answer(wordOf(what), lengthOf(length))
		})))
}

// ask gives cel-go's answer; ok is false where CEL calls it an error, which is
// where heed means absent and CEL has nothing to say.
func (o *oracle) ask(t *rapid.T, source string, w *world) (answer policy.Tri, ok bool) {
	o.w = w
	tree, issues := o.env.Parse(source)
	if issues.Err() != nil {
		t.Fatalf("heed accepts what CEL does not read: %s: %v", source, issues.Err())
	}
	program, err := o.env.Program(tree, cel.EvalOptions(cel.OptPartialEval), cel.CostLimit(100000))
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	known := map[string]any{}
	for name, text := range w.traits {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if v != nil {
			known[name] = v
		}
	}
	ids := map[string]any{}
	if w.email != "" {
		ids["email"] = w.email
	}
	var hidden []*cel.AttributePatternType
	for path := range w.withheld {
		if root, name, _ := strings.Cut(path, "."); root == "traits" || root == "identifiers" {
			hidden = append(hidden, cel.AttributePattern(root).QualString(name))
		}
	}
	vars, err := cel.PartialVars(map[string]any{"traits": known, "identifiers": ids}, hidden...)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := program.Eval(vars)
	switch {
	case err != nil:
		return policy.Unknown, false
	case types.IsUnknown(out):
		return policy.Unknown, true
	}
	yes, isBool := out.Value().(bool)
	return tri(yes), isBool
}

// Wherever CEL has a yes or a no, it is ours. Where CEL says unknown, ours is
// either unknown or holds for every completion, which another test asks.
func TestExpression_agreesWithCEL(t *testing.T) {
	t.Parallel()
	o := newOracle(t)
	said := map[policy.Tri]int{}
	rapid.Check(t, func(t *rapid.T) {
		e := draw(t)
		w := drawWorld(t).with(t)
		want, ok := o.ask(t, e.String(), w)
		if !ok {
			return
		}
		said[want]++
		got := e.Match(w.sight(), noon)
		if want != policy.Unknown && got != want {
			t.Fatalf("%s\n%s\nheed %s, CEL %s", e, describe(w.sight()), answers[got], answers[want])
		}
	})
	for tri, word := range answers {
		if said[tri] == 0 {
			t.Errorf("CEL never said %s: the generator is too narrow", word)
		}
	}
}

// Where everything is given, so that CEL never calls anything an error, the
// unknowns are the same too.
func TestExpression_isUnknownWhereCELIs(t *testing.T) {
	t.Parallel()
	o := newOracle(t)
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		maps.Copy(w.traits, map[string]string{"v": "true", "w": "false", "a": "2", "s": `"a"`})
		w = w.with(t)
		var logic func(depth int) string
		logic = func(depth int) string {
			leaf := rapid.SampledFrom([]string{
				"traits.v", "traits.w", "traits.a > 1", `traits.s == "b"`, "has(traits.v)", `count("X") > 1`,
				`bought_category("shoes")`, `bought("i2")`, `spend("EUR") >= 100.0`, "!has(traits.s)",
			}).Draw(t, "leaf")
			if depth == 0 {
				return leaf
			}
			switch rapid.IntRange(0, 4).Draw(t, "sign") {
			case 0:
				return leaf
			case 1:
				return "!(" + logic(depth-1) + ")"
			case 2:
				return "(" + logic(depth-1) + " && " + logic(depth-1) + ")"
			case 3:
				return "(" + logic(depth-1) + " || " + logic(depth-1) + ")"
			}
			return "(" + logic(depth-1) + " ? " + logic(depth-1) + " : " + logic(depth-1) + ")"
		}
		e, err := Compile(logic(4), Schema{})
		if err != nil {
			t.Fatal(err)
		}
		want, ok := o.ask(t, e.String(), w)
		if got := e.Match(w.sight(), noon); !ok || got != want {
			t.Fatalf("%s\n%s\nheed %s, CEL %s (%v)", e, describe(w.sight()), answers[got], answers[want], ok)
		}
	})
}
