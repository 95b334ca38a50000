package vault

import "github.com/heed-platform/heed/internal/keep/internal/store"

// SealJob seals a job's body under the fragment's key, for a fragment that has
// no chain.
func (f *Fragment) SealJob(job store.Job) store.Job {
	job.Fragment = f.ID
	job.Body = f.box().seal(place{kind: kindJob, fragment: f.ID, bound: []byte(job.Kind)}, job.Body)
	return job
}
