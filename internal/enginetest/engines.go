//go:build engines

package enginetest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
)

var gremlin, dynamo, s3 engine

// Gremlin returns the address of an Apache Gremlin Server with an empty graph in
// memory that has transactions and takes any id: ws://127.0.0.1:PORT/gremlin. All
// tests of a process share it.
func Gremlin(t testing.TB) string {
	t.Helper()
	return "ws://" + gremlin.address(t, "Gremlin Server", func(port string) (*exec.Cmd, error) {
		lib, err := jars("gremlin-server.xml")
		if err != nil {
			return nil, err
		}
		dir, err := os.MkdirTemp("", "loyalty-gremlin-")
		if err != nil {
			return nil, err
		}
		for name, text := range map[string]string{
			"graph.properties": gremlinGraph,
			"init.groovy":      "def globals = [:]\nglobals << [g : traversal().withEmbedded(graph)]\n",
			"server.yaml":      fmt.Sprintf(gremlinServer, port, filepath.Join(dir, "graph.properties"), filepath.Join(dir, "init.groovy")),
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				return nil, err
			}
		}
		return exec.Command("java", "-Xmx3g", "-cp", lib+"/*", "org.apache.tinkerpop.gremlin.server.GremlinServer", filepath.Join(dir, "server.yaml")), nil
	}) + "/gremlin"
}

const gremlinGraph = `gremlin.graph=org.apache.tinkerpop.gremlin.tinkergraph.structure.TinkerTransactionGraph
gremlin.tinkergraph.vertexIdManager=ANY
gremlin.tinkergraph.edgeIdManager=ANY
gremlin.tinkergraph.vertexPropertyIdManager=LONG
`

// The limits are wider than Neptune's; what Neptune refuses, unit tests refuse.
const gremlinServer = `host: 127.0.0.1
port: %s
evaluationTimeout: 120000
channelizer: org.apache.tinkerpop.gremlin.server.channel.WsAndHttpChannelizer
graphs: {graph: %s}
scriptEngines: {
  gremlin-groovy: {
    plugins: {
      org.apache.tinkerpop.gremlin.server.jsr223.GremlinServerGremlinPlugin: {},
      org.apache.tinkerpop.gremlin.tinkergraph.jsr223.TinkerGraphGremlinPlugin: {},
      org.apache.tinkerpop.gremlin.jsr223.ScriptFileGremlinPlugin: {files: [%s]}}}}
serializers:
  - {className: org.apache.tinkerpop.gremlin.util.ser.GraphBinaryMessageSerializerV1}
maxContentLength: 10485760
idleConnectionTimeout: 0
sessionLifetimeTimeout: 600000
`

// DynamoDB returns the endpoint of a DynamoDB Local without tables, kept in
// memory: http://127.0.0.1:PORT. It takes any credentials; each access key sees
// tables of its own. All tests of a process share it.
func DynamoDB(t testing.TB) string {
	t.Helper()
	return "http://" + dynamo.address(t, "DynamoDB Local", func(port string) (*exec.Cmd, error) {
		lib, err := jars("dynamodb-local.xml")
		if err != nil {
			return nil, err
		}
		return exec.Command("java", "-Xmx1g", "-Djava.library.path="+lib, "-cp", lib+"/*",
			"software.amazon.dynamodb.services.local.main.ServerRunner", "-inMemory", "-port", port), nil
	})
}

// S3Server is an S3 server with a bucket that nobody else uses.
type S3Server struct {
	Endpoint, Region     string // http://127.0.0.1:PORT
	AccessKey, SecretKey string
	Bucket               string
}

var buckets atomic.Int64

// S3 returns a versitygw over an empty folder. All tests of a process share the
// server; each call makes a bucket.
func S3(t testing.TB) S3Server {
	t.Helper()
	s := S3Server{Region: "us-east-1", AccessKey: "loyalty", SecretKey: "loyalty-secret"}
	s.Endpoint = "http://" + s3.address(t, "versitygw", func(port string) (*exec.Cmd, error) {
		path, err := tool("github.com/versity/versitygw/cmd/versitygw", "v1.8.0")
		if err != nil {
			return nil, err
		}
		s3dir, err = os.MkdirTemp("", "loyalty-s3-")
		if err != nil {
			return nil, err
		}
		return exec.Command(path, "--port", net.JoinHostPort("127.0.0.1", port), "--access", s.AccessKey, "--secret", s.SecretKey, "--region", s.Region, "posix", s3dir), nil
	})
	// A folder under the root is a bucket.
	s.Bucket = fmt.Sprintf("bucket-%d", buckets.Add(1))
	if err := os.Mkdir(filepath.Join(s3dir, s.Bucket), 0o755); err != nil {
		t.Fatal(err)
	}
	return s
}

var s3dir string
