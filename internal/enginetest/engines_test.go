//go:build engines

package enginetest

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestEngines: each engine answers, and twice asked for is the same one.
func TestEngines(t *testing.T) {
	s3 := S3(t)
	for name, url := range map[string]string{
		"Gremlin Server": strings.Replace(Gremlin(t), "ws:", "http:", 1), "DynamoDB Local": DynamoDB(t), "versitygw": s3.Endpoint,
	} {
		response, err := http.Get(url)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		t.Logf("%s: %s %s %.100s", name, url, response.Status, text)
	}
	if Gremlin(t) != Gremlin(t) || DynamoDB(t) != DynamoDB(t) || S3(t).Bucket == s3.Bucket {
		t.Error("an engine is not shared, or a bucket is")
	}
}

// TestLink: every fault shows, and is gone after Heal.
func TestLink(t *testing.T) {
	engine := DynamoDB(t)
	link := Proxy(t, engine)
	get := func() (time.Duration, error) {
		client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		begun := time.Now()
		response, err := client.Get(link.Through(engine))
		if err != nil {
			return time.Since(begun), err
		}
		defer response.Body.Close()
		_, err = bufio.NewReader(response.Body).ReadByte()
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return time.Since(begun), err
	}
	for _, f := range Faults {
		link.Break(f)
		took, err := get()
		slow := f == Latency || f == Bandwidth
		if slow != (err == nil) || f == Latency && took < 500*time.Millisecond || f == Stall && took < 2*time.Second {
			t.Errorf("%s: %v, %v", f, took, err)
		}
		link.Heal()
		if took, err := get(); err != nil || took > 400*time.Millisecond {
			t.Errorf("after %s: %v, %v", f, took, err)
		}
	}
}
