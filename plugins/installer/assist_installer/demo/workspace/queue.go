// Package queue is a queue of jobs: the Go part of the demo.
package queue

import "errors"

// ErrEmpty is returned when there is nothing to take.
var ErrEmpty = errors.New("queue: empty")

// Job is a piece of work.
type Job struct {
	Name     string
	Priority int
}

// Queue gives back jobs in the order in which they came.
type Queue struct {
	jobs []Job
}

// Push puts a job at the end.
func (q *Queue) Push(job Job) {
	q.jobs = append(q.jobs, job)
}

// Pop takes the job that has waited longest.
func (q *Queue) Pop() (Job, error) {
	if len(q.jobs) == 0 {
		return Job{}, ErrEmpty
	}
	job := q.jobs[0]
	q.jobs = q.jobs[1:]
	return job, nil
}

// Len is the number of jobs that wait.
func (q *Queue) Len() int {
	return len(q.jobs)
}
