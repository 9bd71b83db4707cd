package seatsaero

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"loyalty-mcp/internal/availability"
)

const (
	maxBody  = 4 << 20
	backoff  = 500 * time.Millisecond
	maxDelay = 3 * time.Second // who asks for more is not waited for
	noRetry  = -1
)

// page gets one page, at the second try if the first failed in passing.
func (c *Client) page(ctx context.Context, parameters url.Values) (*page, *availability.Error) {
	answer, delay, failure := c.try(ctx, parameters)
	if failure == nil || delay == noRetry {
		return answer, failure
	}
	if deadline, ok := ctx.Deadline(); ok && deadline.Sub(c.now()) <= delay {
		return nil, failure
	}
	if c.sleep(ctx, delay) != nil {
		return nil, c.unreachable(ctx, failure)
	}
	answer, _, failure = c.try(ctx, parameters)
	return answer, failure
}

// try makes one call. The delay is that before another one.
func (c *Client) try(ctx context.Context, parameters url.Values) (*page, time.Duration, *availability.Error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/search?"+parameters.Encode(), nil)
	if err != nil {
		return nil, noRetry, &availability.Error{Code: availability.Unreachable, Message: "the address of seats.aero that is set is not one"} // err has what was asked
	}
	request.Header.Set("Partner-Authorization", c.key)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "loyalty-mcp")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, backoff, c.unreachable(ctx, err)
	}
	defer response.Body.Close()
	switch status := response.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return nil, noRetry, &availability.Error{Code: availability.Unauthorized, Message: "seats.aero refused the key: check it, and that its account may use the API from here"}
	case status == http.StatusTooManyRequests:
		delay := c.delay(response.Header)
		if response.Header.Get("X-RateLimit-Remaining") == "0" {
			delay = noRetry // the day's calls are spent
		}
		return nil, delay, &availability.Error{Code: availability.RateLimited, Message: "seats.aero takes no more calls with this key for now: try again later, at the latest after midnight UTC"}
	case status >= 500:
		return nil, c.delay(response.Header), &availability.Error{Code: availability.Unreachable, Message: fmt.Sprintf("seats.aero is out of order (status %d): try again later", status)}
	case status != http.StatusOK:
		return nil, noRetry, &availability.Error{Code: availability.BadAnswer, Message: fmt.Sprintf("seats.aero did not take the question (status %d)", status)}
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, backoff, c.unreachable(ctx, err)
	}
	if len(body) > maxBody {
		return nil, noRetry, &availability.Error{Code: availability.BadAnswer, Message: "the answer of seats.aero is too large: ask for fewer airports, days or programs"}
	}
	answer := &page{}
	if err := json.Unmarshal(body, answer); err != nil || !answer.complete() {
		return nil, noRetry, &availability.Error{Code: availability.BadAnswer, Message: "the answer of seats.aero cannot be read", Cause: c.withoutKey(err)}
	}
	return answer, noRetry, nil
}

// delay is how long to wait before another try.
func (c *Client) delay(header http.Header) time.Duration {
	stated := header.Get("Retry-After")
	delay := backoff
	if seconds, err := strconv.ParseUint(stated, 10, 31); err == nil {
		delay = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(stated); err == nil {
		delay = at.Sub(c.now())
	}
	if delay > maxDelay {
		return noRetry
	}
	return max(delay, backoff)
}

func (c *Client) unreachable(ctx context.Context, err error) *availability.Error {
	e := &availability.Error{Code: availability.Unreachable, Message: "seats.aero cannot be reached: try again later"}
	switch ended := ctx.Err(); {
	case errors.Is(ended, context.Canceled):
		e.Message, err = "the search at seats.aero was called off", ended
	case ended != nil:
		e.Message, err = "seats.aero did not answer in time: try again later", ended
	}
	e.Cause = c.withoutKey(err)
	return e
}

// withoutKey takes the URL off an error of net/http, and drops one that repeats
// the key, as when a server sends it back where its status should be.
func (c *Client) withoutKey(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	if err != nil && strings.Contains(err.Error(), c.key) {
		return errors.New("the cause is not told: it repeats the key")
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
