package mcpserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"loyalty-mcp/internal/identity"
)

// ServeStdio serves one client that writes a message a line to in and reads
// answers from out. It returns when in ends or ctx does, once the calls that run
// then are answered, or the grace is over. The client is the user of this machine. It closes in, if that can be closed,
// so that nothing is left reading from it.
func (s *Server) ServeStdio(ctx context.Context, in io.Reader, out io.Writer) error {
	if closer, ok := in.(io.Closer); ok {
		defer closer.Close()
	}
	running, cancel := context.WithCancelCause(from(context.WithoutCancel(ctx), identity.Local(), "stdio"))
	defer cancel(nil)

	var writing sync.Mutex
	c := newConn(s, "stdio", func(message []byte) error {
		writing.Lock()
		defer writing.Unlock()
		_, err := out.Write(append(message, '\n'))
		if err != nil {
			cancel(fmt.Errorf("write: %w", err)) // nobody will read the other answers either
		}
		return err
	})

	lines := make(chan line)
	go readLines(in, lines, running.Done())
	var failure error
	for reading := true; reading; {
		select {
		case l := <-lines:
			switch {
			case l.err == errTooLong:
				c.encode(tooLong, &reply{})
			case l.err != nil:
				reading = false
				if !errors.Is(l.err, io.EOF) {
					failure = fmt.Errorf("read: %w", l.err)
				}
			default:
				reading = c.accept(running, l.text)
			}
		case <-ctx.Done():
			reading = false
		case <-running.Done():
			reading = false
		}
	}

	c.close()
	idle := make(chan struct{})
	go func() {
		c.running.Wait()
		close(idle)
	}()
	select {
	case <-idle:
	case <-time.After(shutdownGrace):
		cancel(errors.New("calls were still running"))
		select {
		case <-idle:
		case <-time.After(time.Second): // these calls do not heed their context
		}
	}
	if failure == nil && context.Cause(running) != nil {
		failure = context.Cause(running)
	}
	return failure
}

var (
	errTooLong = errors.New("message too long")
	// tooLong answers a message that was not read to its end, so its id is not known.
	tooLong = mcp.NewJSONRPCError(mcp.NewRequestId(nil), mcp.INVALID_REQUEST,
		fmt.Sprintf("a message may have %d bytes at most", maxMessage), nil)
)

type line struct {
	text []byte
	err  error // errTooLong, or the last of all
}

// readLines sends the lines of in that are not blank, then the error that ended
// them. Of a line over the limit no more than the limit is held in memory.
func readLines(in io.Reader, lines chan<- line, stop <-chan struct{}) {
	reader := bufio.NewReaderSize(in, 64<<10)
	for {
		var l line
		var err error
		for more := true; more; {
			var part []byte
			part, err = reader.ReadSlice('\n')
			more = errors.Is(err, bufio.ErrBufferFull)
			if len(l.text)+len(part) > maxMessage {
				l = line{err: errTooLong}
			}
			if l.err == nil {
				l.text = append(l.text, part...)
			}
		}
		if l.err != nil || !blank(l.text) {
			select {
			case lines <- l:
			case <-stop:
				return
			}
		}
		if err != nil {
			select {
			case lines <- line{err: err}:
			case <-stop:
			}
			return
		}
	}
}

func blank(text []byte) bool {
	for _, c := range text {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}
