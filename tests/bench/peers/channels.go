// SPDX-License-Identifier: MIT

// channels: the workloads with goroutines and channels. Where Troupe bounds a mailbox at 1024, the
// channel has 1024 places; where only one message is ever under way, one place.
//
//	channels WORKLOAD THREADS [DIVISOR]
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"time"
)

const (
	balls      = 6000000
	parcels    = 20000000
	ringSize   = 503
	bound      = 1024
	lives      = 2000000
	livesMax   = 4096 // under way at once
	idlers     = 100000
	leavesMax  = 1000000
	fanOut     = 10
	bigSize    = 100
	bigPings   = 20000
	roundTrips = 20000
	period     = 100 * time.Microsecond
)

type message struct {
	number uint64
	kind   uint64
}

var workload string
var threads, divisor int

func report(suffix string, value float64, unit string) {
	fmt.Printf("%s%s go/%d %.6g %s\n", workload, suffix, threads, value, unit)
}

func reportRate(count int, start time.Time, unit string) {
	report("", float64(count)/time.Since(start).Seconds(), unit)
}

func countOf(count, unit int) int {
	if units := count / divisor / unit; units > 0 {
		return units * unit
	}
	return unit
}

func must(isSo bool, what string) {
	if !isSo {
		panic("not so: " + what)
	}
}

func pingPong() {
	count := countOf(balls, 2)
	there, back := make(chan message, 1), make(chan message, 1)
	go func() {
		for ball := range there {
			back <- ball
		}
	}()
	start := time.Now()
	for i := 0; i < count/2; i++ {
		there <- message{number: uint64(i)}
		must((<-back).number == uint64(i), "the ball comes back")
	}
	reportRate(count, start, "messages/s")
	close(there)
}

func count() {
	total := countOf(parcels, 1)
	channel := make(chan message, bound)
	start := time.Now()
	go func() {
		for i := 0; i < total; i++ {
			channel <- message{number: uint64(i)}
		}
	}()
	for i := 0; i < total; i++ {
		must((<-channel).number == uint64(i), "in order")
	}
	reportRate(total, start, "messages/s")
}

func ring() {
	hops := countOf(balls, 1)
	channels := make([]chan uint64, ringSize)
	for i := range channels {
		channels[i] = make(chan uint64, 1)
	}
	done := make(chan bool)
	for i := range channels {
		go func(from, to chan uint64) {
			for left := range from {
				if left == 0 {
					done <- true
					return
				}
				to <- left - 1
			}
		}(channels[i], channels[(i+1)%ringSize])
	}
	start := time.Now()
	channels[0] <- uint64(hops - 1)
	<-done
	reportRate(hops, start, "hops/s")
}

func spawn() {
	total := countOf(lives, 1)
	places := make(chan bool, livesMax)
	start := time.Now()
	for i := 0; i < total; i++ {
		places <- true
		mailbox := make(chan uint64, 1)
		go func() {
			<-mailbox
			<-places
		}()
		mailbox <- uint64(i)
	}
	for i := 0; i < livesMax; i++ { // until all have ended
		places <- true
	}
	reportRate(total, start, "actors/s")
}

func residentBytes() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	must(err == nil, "statm can be read")
	var size, resident int
	_, err = fmt.Sscan(string(text), &size, &resident)
	must(err == nil, "statm has two numbers")
	return float64(resident * os.Getpagesize())
}

func idle() {
	total := countOf(idlers, 1)
	channels := make([]chan message, total)
	before := residentBytes()
	for i := range channels {
		channel := make(chan message, 1)
		channels[i] = channel
		go func() { <-channel }()
	}
	runtime.Gosched()
	time.Sleep(100 * time.Millisecond) // until all of them wait
	report("", (residentBytes()-before)/float64(total), "bytes")
}

func grow(up chan uint64, number, size uint64) {
	if size == 1 {
		up <- number
		return
	}
	sums := make(chan uint64)
	for i := uint64(0); i < fanOut; i++ {
		go grow(sums, number+i*(size/fanOut), size/fanOut)
	}
	sum := uint64(0)
	for i := 0; i < fanOut; i++ {
		sum += <-sums
	}
	up <- sum
}

func tree() {
	leaves := uint64(leavesMax)
	for divided := 10; divided <= divisor && leaves > fanOut; divided *= 10 {
		leaves /= fanOut
	}
	start := time.Now()
	root := make(chan uint64)
	go grow(root, 0, leaves)
	must(<-root == leaves*(leaves-1)/2, "the sum of the leaves")
	report("", time.Since(start).Seconds(), "s")
}

const (
	kindPing = iota
	kindPong
	kindOver
)

type word struct{ kind, from int }

func mingle(crowd []chan word, self, left int, done, ended *sync.WaitGroup) {
	defer ended.Done()
	random := uint64(self+1) * 0x9E3779B97F4A7C15
	for heard := range crowd[self] {
		switch {
		case heard.kind == kindOver:
			return
		case heard.kind == kindPing:
			crowd[heard.from] <- word{kindPong, self}
		case left == 0:
			done.Done()
		default:
			left--
			random ^= random << 13
			random ^= random >> 7
			random ^= random << 17
			crowd[random%bigSize] <- word{kindPing, self}
		}
	}
}

func big() {
	pings := countOf(bigPings, 1)
	crowd := make([]chan word, bigSize)
	for i := range crowd {
		crowd[i] = make(chan word, bound)
	}
	var done, ended sync.WaitGroup
	done.Add(bigSize)
	ended.Add(bigSize)
	for i := range crowd {
		go mingle(crowd, i, pings, &done, &ended)
	}
	start := time.Now()
	for i := range crowd {
		crowd[i] <- word{kindPong, i}
	}
	done.Wait()
	reportRate(2*bigSize*pings, start, "messages/s")
	for i := range crowd {
		crowd[i] <- word{kind: kindOver}
	}
	ended.Wait()
}

func roundTrip() {
	total := countOf(roundTrips, 1)
	there, back := make(chan message, 1), make(chan message, 1)
	go func() {
		for asked := range there {
			back <- asked
		}
	}()
	taken := make([]float64, total)
	next := time.Now()
	for i := range taken {
		next = next.Add(period)
		for time.Now().Before(next) {
		}
		start := time.Now()
		there <- message{number: uint64(i)}
		<-back
		taken[i] = float64(time.Since(start).Nanoseconds())
	}
	close(there)
	sort.Float64s(taken)
	report("-p50", taken[total/2], "ns")
	report("-p99", taken[total-1-total/100], "ns")
}

func number(at int) int {
	if len(os.Args) <= at {
		return 1
	}
	value, err := strconv.Atoi(os.Args[at])
	must(err == nil && value > 0, "'"+os.Args[at]+"' is a number")
	return value
}

func main() {
	must(len(os.Args) >= 3, "called as: channels WORKLOAD THREADS [DIVISOR]")
	workload, threads, divisor = os.Args[1], number(2), number(3)
	runtime.GOMAXPROCS(threads)
	workloads := map[string]func(){
		"ping-pong":            pingPong,
		"ping-pong-coroutines": pingPong,
		"count":                count,
		"count-two-workers":    count,
		"ring":                 ring,
		"spawn":                spawn,
		"spawn-coroutines":     spawn,
		"idle":                 idle,
		"idle-coroutines":      idle,
		"tree":                 tree,
		"big":                  big,
		"round-trip":           roundTrip,
	}
	run, isKnown := workloads[workload]
	must(isKnown, "the workload '"+workload+"' is known")
	run()
}
