package documents

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

const urlForm = "write file:///folder or s3://bucket/prefix"

// Open opens the documents at file:///folder or s3://bucket/prefix. It makes the
// folder if only its last part is missing; a bucket must be there. S3 is configured
// by AWS's own environment variables and files: region, credentials,
// AWS_ENDPOINT_URL_S3. The caller closes the store.
func Open(ctx context.Context, rawURL string) (*Store, error) {
	u, err := url.Parse(rawURL)
	if err != nil { // which may quote a password
		return nil, fmt.Errorf("%w: the place of the documents is not a URL; %s", ErrInvalid, urlForm)
	}
	if u.User != nil {
		return nil, fmt.Errorf("%w: the URL of the documents has a user or password in it; leave it out: S3's credentials come from AWS's own variables and files", ErrInvalid)
	}
	shown := u.Scheme + "://" + u.Host + u.Path
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, fmt.Errorf("%w: %s has a query or a fragment after it; leave that out", ErrInvalid, shown)
	}
	switch u.Scheme {
	case "file":
		if u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.ContainsRune(u.Path, 0) {
			return nil, fmt.Errorf("%w: %q is not a folder of this machine; write file:///folder, with three slashes and the whole path", ErrInvalid, shown)
		}
		return openFolder(u.Path)
	case "s3":
		prefix := strings.Trim(u.Path, "/")
		if !bucketName.MatchString(u.Host) {
			return nil, fmt.Errorf("%w: %q is not the name of a bucket; write s3://bucket/prefix", ErrInvalid, u.Host)
		}
		if prefix != "" && !fs.ValidPath(prefix) || strings.ContainsFunc(prefix, unicode.IsControl) {
			return nil, fmt.Errorf("%w: %q is not a prefix; it may have no control characters and no empty, . or .. part", ErrInvalid, prefix)
		}
		return openBucket(ctx, u.Host, prefix)
	case "":
		return nil, fmt.Errorf("%w: %q has no scheme; %s", ErrInvalid, u.Path, urlForm)
	default:
		return nil, fmt.Errorf("%w: %q is not a scheme for documents; %s", ErrInvalid, u.Scheme, urlForm)
	}
}
