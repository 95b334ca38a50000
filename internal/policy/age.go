package policy

// Majority is the age in years from which no law that holds in the jurisdiction
// treats a person as a minor; zero is that none does at any age.
func (r *Rules) Majority(jurisdiction string) int {
	age := 0
	for _, p := range r.law(jurisdiction).packs {
		for _, m := range p.Minors {
			age = max(age, m.Under)
		}
	}
	return age
}
