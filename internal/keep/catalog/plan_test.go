package catalog

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/keeptest/longtest"
)

var (
	anna  = Actor{Marketer, "anna"}
	max   = Actor{Marketer, "max"}
	pia   = Actor{Privacy, "pia"}
	otto  = Actor{Operator, "otto"}
	audra = Actor{Auditor, "audra"}
	adam  = Actor{Admin, "adam"}
)

// shelf is a store in memory: the entries as they would be kept.
type shelf struct {
	t   *testing.T
	all []Entry
	now clock.Instant
}

// take stores what a step returned.
func (s *shelf) take(changed []Entry, err error) error {
	for _, c := range changed {
		i := slices.IndexFunc(s.all, func(e Entry) bool { return e.Kind == c.Kind && e.Key == c.Key && e.Version == c.Version })
		if i < 0 {
			s.all = append(s.all, c)
		} else {
			s.all[i] = c
		}
	}
	s.now++
	return err
}

func (s *shelf) apply(by Actor, pairs ...string) error {
	s.t.Helper()
	w, faults := Load(files(pairs...))
	if len(faults) > 0 {
		s.t.Fatal(faults)
	}
	return s.take(Plan(s.all, w, by, s.now))
}

func (s *shelf) approve(by Actor, key string, version int64, answer string) error {
	return s.take(Approve(s.all, key, version, s.entry(Campaign, key, version).Hash, answer, by, s.now))
}

func (s *shelf) entry(kind Kind, key string, version int64) Entry {
	for _, e := range s.all {
		if e.Kind == kind && e.Key == key && e.Version == version {
			return e
		}
	}
	return Entry{}
}

// stands is the status of every version, oldest first.
func (s *shelf) stands(kind Kind, key string) []Status {
	var list []Status
	for _, e := range versions(s.all, kind, key) {
		list = append(list, e.Status)
	}
	return list
}

func (s *shelf) want(step string, kind Kind, key string, want ...Status) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.stands(kind, key)); diff != "" {
		s.t.Errorf("%s: %s %s:\n%s", step, kind, key, diff)
	}
}

func (s *shelf) refused(step string, got, want error) {
	s.t.Helper()
	if !errors.Is(got, want) {
		s.t.Errorf("%s: %v, want %v", step, got, want)
	}
}

const yes = "Yes: it is about her own shoes, and she asked."

func TestPlan_campaignGoesLiveOnlyByAnotherRole(t *testing.T) {
	t.Parallel()
	s := &shelf{t: t}
	spring := []string{"campaigns/spring.yaml", "key: spring\ntext: hello\n"}
	s.refused("privacy does not write campaigns", s.apply(pia, spring...), errRole)
	s.refused("operations does not either", s.apply(otto, spring...), errRole)
	s.refused("nor does nobody", s.apply(Actor{Marketer, ""}, spring...), errRole)
	if err := s.apply(anna, spring...); err != nil {
		t.Fatal(err)
	}
	s.want("a draft", Campaign, "spring", Draft)

	s.refused("the author", s.approve(anna, "spring", 1, yes), errRole)
	s.refused("another marketer", s.approve(max, "spring", 1, yes), errRole)
	s.refused("operations", s.approve(otto, "spring", 1, yes), errRole)
	s.refused("an auditor", s.approve(audra, "spring", 1, yes), errRole)
	s.refused("the author under another role", s.approve(Actor{Privacy, "anna"}, "spring", 1, yes), errSame)
	s.refused("without an answer", s.approve(pia, "spring", 1, " \n"), errAnswer)
	s.refused("a version that is not there", s.approve(pia, "spring", 2, yes), errMissing)
	_, err := Approve(s.all, "spring", 1, "another hash", yes, pia, 1)
	s.refused("what was not read", err, errChanged)
	_, err = Approve(s.all, "spring", 1, "", yes, pia, 1)
	s.refused("nothing read", err, errChanged)
	s.want("still a draft", Campaign, "spring", Draft)

	if err := s.approve(pia, "spring", 1, yes); err != nil {
		t.Fatal(err)
	}
	s.want("live", Campaign, "spring", Live)
	if e := s.entry(Campaign, "spring", 1); e.Approve != "privacy:pia" || e.Answer != yes || e.Author != "marketer:anna" {
		t.Errorf("the record does not say who and why: %+v", e)
	}
	s.refused("twice", s.approve(pia, "spring", 1, yes), errStatus)
}

func TestPlan_anyChangeIsANewDraft(t *testing.T) {
	t.Parallel()
	s := &shelf{t: t}
	if err := errors.Join(s.apply(anna, "campaigns/a.yaml", "key: a\ntext: one\n"), s.approve(pia, "a", 1, yes),
		s.apply(anna, "campaigns/a.yaml", "# the same words\ntext: one\nkey: a\n")); err != nil {
		t.Fatal(err)
	}
	s.want("the same words change nothing", Campaign, "a", Live)
	if err := s.apply(anna, "campaigns/a.yaml", "key: a\ntext: two\n"); err != nil {
		t.Fatal(err)
	}
	s.want("what was approved goes on, the change waits", Campaign, "a", Live, Draft)
	if err := s.apply(anna, "campaigns/a.yaml", "key: a\ntext: three\n"); err != nil {
		t.Fatal(err)
	}
	s.want("one draft at a time", Campaign, "a", Live, Superseded, Draft)
	s.refused("an old draft", s.approve(pia, "a", 2, yes), errStatus)
	if err := s.approve(pia, "a", 3, yes); err != nil {
		t.Fatal(err)
	}
	s.want("the new one takes its place", Campaign, "a", Superseded, Superseded, Live)
}

func TestPlan_anotherAudienceIsAnotherCampaign(t *testing.T) {
	t.Parallel()
	s := &shelf{t: t}
	if err := errors.Join(
		s.apply(anna, "audiences/r.yaml", "key: r\nwhen: a\n", "audiences/other.yaml", "key: other\nwhen: a\n",
			"campaigns/a.yaml", "key: a\nto: {audience: r}\n", "campaigns/b.yaml", "key: b\naudiences: [other]\n"),
		s.approve(pia, "a", 1, yes), s.approve(pia, "b", 1, yes)); err != nil {
		t.Fatal(err)
	}
	if err := s.apply(anna, "audiences/r.yaml", "key: r\nwhen: everybody\n"); err != nil {
		t.Fatal(err)
	}
	s.want("audiences hold at once", Audience, "r", Superseded, Live)
	s.want("its campaign stops and waits", Campaign, "a", Superseded, Draft)
	s.want("another goes on", Campaign, "b", Live)
	if err := s.approve(pia, "a", 2, yes); err != nil {
		t.Fatal(err)
	}
	s.want("approved again", Campaign, "a", Superseded, Live)

	// A paused one and a draft are bound in the same way.
	if err := errors.Join(s.take(Pause(s.all, "b", otto)), s.apply(anna, "campaigns/b.yaml", "key: b\naudiences: [other]\ntext: new\n"),
		s.apply(max, "audiences/other.yaml", "key: other\nwhen: b\n")); err != nil {
		t.Fatal(err)
	}
	s.want("no old approval is left", Campaign, "b", Superseded, Superseded, Draft)
	s.refused("nothing to resume", s.take(Resume(s.all, "b", otto)), errStatus)
}

func TestPlan_whatIsPromisedIsForPrivacy(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"purposes.yaml", "categories.yaml", "recipients.yaml", "topics.yaml", "namespaces.yaml"} {
		for _, tt := range []struct {
			by   Actor
			want error
		}{{anna, errRole}, {otto, errRole}, {audra, errRole}, {Actor{"", "x"}, errRole}, {pia, nil}, {adam, nil}} {
			s := &shelf{t: t}
			s.refused(file+" by "+tt.by.String(), s.apply(tt.by, file, "key: a\n"), tt.want)
		}
	}
	s := &shelf{t: t}
	if err := errors.Join(s.apply(pia, "purposes.yaml", "key: a\nlabel: one\n"), s.apply(adam, "purposes.yaml", "key: a\nlabel: two\n")); err != nil {
		t.Fatal(err)
	}
	s.want("holds at once", Purpose, "a", Superseded, Live)
	if err := s.apply(anna, "purposes.yaml", "key: a\nlabel: two\n", "audiences/x.yaml", "key: x\n"); err != nil {
		t.Error("a marketer may apply a folder in which what privacy said is unchanged:", err)
	}
	s.refused("a marketer ends no promise", s.take(End(s.all, Purpose, "a", anna)), errRole)
	if err := s.take(End(s.all, Purpose, "a", pia)); err != nil {
		t.Error(err)
	}
	s.want("ended", Purpose, "a", Superseded, Ended)
}

func TestPlan_noticeNeverChanges(t *testing.T) {
	t.Parallel()
	s := &shelf{t: t}
	one := "{key: n, version: 1, language: en, text: one}"
	if err := s.apply(pia, "notices/n.yaml", one); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{
		"{key: n, version: 1, language: en, text: two}",
		"{key: n, version: 1, language: en, text: one, covers: [{category: user.name, purposes: [sales]}]}",
		"{key: n, version: 1, language: en, text: one, keep: longer}",
	} {
		s.refused(other, s.apply(adam, "notices/n.yaml", other), errNotice)
	}
	if err := s.apply(pia, "notices/n.yaml", one+"\n---\n{key: n, version: 2, language: en, text: two}\n---\n{key: n, version: 1, language: de, text: eins}"); err != nil {
		t.Fatal(err)
	}
	s.want("the first stays", Notice, "n@1/en", Live)
	s.want("beside the second", Notice, "n@2/en", Live)
	if err := errors.Join(s.take(End(s.all, Notice, "n@1/en", pia)), s.apply(pia, "notices/n.yaml", one)); err != nil {
		t.Fatal(err)
	}
	s.want("ended and back, in the same words", Notice, "n@1/en", Ended, Live)
	s.refused("but in no others", s.apply(pia, "notices/n.yaml", "{key: n, version: 1, language: en, text: two}"), errNotice)
}

func TestPlan_pauseResumeEnd(t *testing.T) {
	t.Parallel()
	s := &shelf{t: t}
	a := []string{"campaigns/a.yaml", "key: a\n"}
	if err := s.apply(anna, a...); err != nil {
		t.Fatal(err)
	}
	s.refused("a draft does not pause", s.take(Pause(s.all, "a", otto)), errStatus)
	if err := errors.Join(s.approve(adam, "a", 1, yes), s.take(Pause(s.all, "a", anna))); err != nil {
		t.Fatal(err)
	}
	s.want("paused", Campaign, "a", Paused)
	s.refused("marketing does not set it going", s.take(Resume(s.all, "a", anna)), errRole)
	s.refused("auditors touch nothing", s.take(Resume(s.all, "a", audra)), errRole)
	if err := s.take(Resume(s.all, "a", otto)); err != nil {
		t.Fatal(err)
	}
	s.want("resumed", Campaign, "a", Live)
	if err := s.take(End(s.all, Campaign, "a", anna)); err != nil {
		t.Fatal(err)
	}
	s.want("ended", Campaign, "a", Ended)
	s.refused("for good", s.take(Resume(s.all, "a", otto)), errStatus)
	if err := s.apply(anna, a...); err != nil {
		t.Fatal(err)
	}
	s.want("a new draft of the same words", Campaign, "a", Ended, Draft)
	s.refused("nothing there", s.take(Pause(s.all, "b", otto)), errStatus)
}

func TestLeft_namesWhatNoFileSays(t *testing.T) {
	t.Parallel()
	s := &shelf{t: t}
	if err := s.apply(adam, "purposes.yaml", "- key: a\n- key: b\n", "audiences/x.yaml", "key: x\n"); err != nil {
		t.Fatal(err)
	}
	w, _ := Load(files("purposes.yaml", "- key: b\n"))
	var got []string
	for _, e := range Left(s.all, w) {
		got = append(got, string(e.Kind)+"/"+e.Key)
	}
	if diff := cmp.Diff([]string{"purpose/a", "audience/x"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestInForce_isWhatWasApplied applies the example workspace and reads it back
// from the shelf.
func TestInForce_isWhatWasApplied(t *testing.T) {
	t.Parallel()
	w := shop(t)
	entries, err := Plan(nil, w, adam, 1)
	if err != nil {
		t.Fatal(err)
	}
	back, faults := InForce(entries)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if diff := cmp.Diff(w.Policy(), back.Policy()); diff != "" {
		t.Error(diff)
	}
	again, err := Plan(entries, w, pia, 2)
	if err != nil || len(again) > 0 {
		t.Errorf("applying it again changes %d definitions: %v", len(again), err)
	}
}

// TestPlan_nobodyGoesLiveAlone walks through any steps by anybody and sees that
// every live campaign was approved by another role than its author's, in these
// words and for these audiences, and that there is one live version at most.
func TestPlan_nobodyGoesLiveAlone(t *testing.T) {
	t.Parallel()
	actors := []Actor{anna, max, pia, otto, audra, adam, {Privacy, "anna"}, {Admin, "anna"}, {"", ""}}
	walks := longtest.Rounds(40, 100)
	rapid.Check(t, func(rt *rapid.T) {
		if walks--; walks < 0 {
			return
		}
		s := &shelf{t: t}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			by := rapid.SampledFrom(actors).Draw(rt, "by")
			switch rapid.IntRange(0, 6).Draw(rt, "step") {
			case 0, 1:
				_ = s.apply(by, "campaigns/a.yaml", "key: a\naudience: r\ntext: "+rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "text")+"\n")
			case 2:
				_ = s.apply(by, "audiences/r.yaml", "key: r\nwhen: "+rapid.SampledFrom([]string{"p", "q"}).Draw(rt, "when")+"\n")
			case 3:
				_ = s.approve(by, "a", int64(rapid.IntRange(1, 6).Draw(rt, "version")), yes)
			case 4:
				_ = s.take(Pause(s.all, "a", by))
			case 5:
				_ = s.take(Resume(s.all, "a", by))
			case 6:
				_ = s.take(End(s.all, Campaign, "a", by))
			}
			live := 0
			for _, e := range s.all {
				if e.Kind != Campaign || e.Status != Live {
					continue
				}
				live++
				author, approver := actorOf(e.Author), actorOf(e.Approve)
				if e.Approve == "" || e.Answer == "" || approver.Role == author.Role || approver.Name == author.Name || approver.Role == Marketer {
					rt.Fatalf("live without another's approval: %+v", e)
				}
				if e.Hash != bound(s.all, e.Kind, e.Body) {
					rt.Fatalf("live for another audience than was approved: %+v", e)
				}
			}
			if live > 1 {
				rt.Fatalf("%d versions live", live)
			}
		}
	})
}
