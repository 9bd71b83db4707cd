package documents

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// bucket is used without gocloud.dev, which sends a large document in parts that a
// killed process would leave in the bucket unseen, and has no way to let S3 check the
// hash that is the name.
type bucket struct {
	name, prefix string
	client       *s3.Client
	http         *http.Client
}

func openBucket(ctx context.Context, name, prefix string) (*Store, error) {
	where := "s3://" + name
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, unavailable(ctx, "reading the AWS configuration for "+where, cause(err))
	}
	if c.Region == "" {
		return nil, fmt.Errorf("%w: no AWS region is configured for %s; set AWS_REGION", ErrInvalid, where)
	}
	b := &bucket{name: name, prefix: prefix}
	var endpoint string
	b.client = s3.NewFromConfig(c, func(o *s3.Options) {
		endpoint = aws.ToString(o.BaseEndpoint)
		// Servers other than Amazon's have no name for each bucket.
		o.UsePathStyle = endpoint != ""
		// Two writers of one key at once: Amazon asks one of them to come again.
		o.Retryer = retry.AddWithErrorCodes(o.Retryer, "ConditionalRequestConflict")
		// What is read is checked by its hash anyway.
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		// The SDK's own client cannot close its idle connections. A request is
		// signed for one host, so that no redirect can be followed.
		b.http = &http.Client{
			Transport:     o.HTTPClient.(*awshttp.BuildableClient).GetTransport(),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		o.HTTPClient = b.http
	})
	if u, err := url.Parse(endpoint); err != nil || u.User != nil {
		return nil, fmt.Errorf("%w: the endpoint of S3, from AWS_ENDPOINT_URL_S3 or the AWS configuration, is not a URL without a user", ErrInvalid)
	}
	if _, err := c.Credentials.Retrieve(ctx); err != nil {
		return nil, unavailable(ctx, "finding credentials for "+where+" (set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run under a role)", cause(err))
	}
	// Not HeadBucket, whose answer has no reason in it.
	_, err = b.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: b.key("sha256/"), MaxKeys: aws.Int32(1)})
	if err == nil {
		return &Store{b}, nil
	}
	b.close()
	err = cause(err)
	switch code(err) {
	case "NoSuchBucket":
		err = fmt.Errorf("%w; make the bucket, or correct its name", err)
	case "AccessDenied":
		err = fmt.Errorf("%w; allow these credentials s3:ListBucket, s3:GetObject and s3:PutObject", err)
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken":
		err = fmt.Errorf("%w; check the AWS credentials", err)
	case "PermanentRedirect", "AuthorizationHeaderMalformed":
		err = fmt.Errorf("%w; set AWS_REGION to the region of the bucket; it is now %s", err, c.Region)
	}
	return nil, unavailable(ctx, "opening "+where, err)
}

func (b *bucket) close() { b.http.CloseIdleConnections() }

func (b *bucket) key(key string) *string { return aws.String(path.Join(b.prefix, key)) }

func (b *bucket) temporary() (*os.File, error) { return os.CreateTemp("", "loyalty-document-*") }

func (b *bucket) keep(ctx context.Context, file staged, key string, replace bool) (bool, error) {
	in := &s3.PutObjectInput{
		Bucket:        &b.name,
		Key:           b.key(key),
		Body:          io.NewSectionReader(file, 0, file.size),
		ContentLength: &file.size,
		// S3 refuses what does not hash to it.
		ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(file.sum[:])),
	}
	if !replace {
		in.IfNoneMatch = aws.String("*")
	}
	_, err := b.client.PutObject(ctx, in)
	if code(err) == "PreconditionFailed" {
		return false, nil
	}
	if err != nil {
		return false, b.unavailable(ctx, "writing to", err)
	}
	return true, nil
}

func (b *bucket) open(ctx context.Context, key string) (io.ReadCloser, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: b.key(key)})
	if code(err) == "NoSuchKey" {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, b.unavailable(ctx, "reading", err)
	}
	return out.Body, nil
}

func (b *bucket) list(ctx context.Context, after string, limit int) ([]string, error) {
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: aws.String(*b.key("sha256") + "/")}
	if after != "" {
		in.StartAfter = b.key(recordKey(after))
	}
	var ids []string
	for {
		in.MaxKeys = aws.Int32(int32(min(1000, 2*(limit-len(ids))))) // contents are between the records
		out, err := b.client.ListObjectsV2(ctx, in)
		if err != nil {
			return nil, b.unavailable(ctx, "listing", err)
		}
		for _, object := range out.Contents {
			id, is := strings.CutSuffix(path.Base(aws.ToString(object.Key)), recordSuffix)
			if !is || !validID(id) || id <= after {
				continue
			}
			if ids = append(ids, id); len(ids) == limit {
				return ids, nil
			}
		}
		if in.ContinuationToken = out.NextContinuationToken; in.ContinuationToken == nil {
			return ids, nil
		}
	}
}

func (b *bucket) unavailable(ctx context.Context, doing string, err error) error {
	return unavailable(ctx, doing+" s3://"+path.Join(b.name, b.prefix), cause(err))
}

// code is the error code that S3 answered with, if it did.
func code(err error) string {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return answer.ErrorCode()
	}
	return ""
}

// cause is the part of an SDK's error that helps, without addresses that may hold
// secrets.
func cause(err error) error {
	var answer smithy.APIError
	var request *url.Error
	switch {
	case errors.As(err, &answer):
		return answer
	case errors.As(err, &request):
		return request.Err
	}
	return err
}
