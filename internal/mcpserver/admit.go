package mcpserver

import (
	"encoding/json"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"loyalty-mcp/internal/audit"
	"loyalty-mcp/internal/identity"
	"loyalty-mcp/internal/oauth"
)

// admit says whose request it is, or answers that it is not let in.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, transport string) (identity.Caller, bool) {
	if s.options.Auth == nil {
		if !viaLoopback(r) { // ListenAndServe would not have listened there
			s.refused(r, transport, "not_local", "")
			http.Error(w, "this server is for the user of its machine", http.StatusForbidden)
			return identity.Caller{}, false
		}
		return identity.Local(), true
	}
	caller, refusal := s.options.Auth.Authenticate(r)
	if refusal != nil {
		s.refuse(w, r, transport, refusal)
		return identity.Caller{}, false
	}
	return caller, true
}

// permit answers a request that needs a scope which the caller lacks as HTTP
// wants it, so that the client can ask its user. A message that is put so that
// its tool is not seen here gets no further than the call, which looks again.
func (s *Server) permit(w http.ResponseWriter, r *http.Request, caller identity.Caller, transport string, message []byte) bool {
	if s.options.Auth == nil {
		return true
	}
	needed := needsRead
	if len(s.scopes) > 0 {
		var request struct {
			Method mcp.MCPMethod `json:"method"`
			Params struct {
				Name string `json:"name"`
			} `json:"params"`
		}
		if json.Unmarshal(message, &request) == nil && request.Method == mcp.MethodToolsCall {
			if own, ok := s.scopes[request.Params.Name]; ok {
				needed = own
			}
		}
	}
	if caller.May(needed...) {
		return true
	}
	s.refuse(w, r, transport, s.options.Auth.Insufficient(caller, needed))
	return false
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, transport string, refusal *oauth.Refusal) {
	s.refused(r, transport, refusal.Reason, refusal.Subject)
	refusal.Write(w)
}

// refused records that a request was not let in.
func (s *Server) refused(r *http.Request, transport, reason, subject string) {
	id := newID()
	s.log.InfoContext(r.Context(), "refused", "call", id, "transport", transport, "reason", reason)
	if s.options.Audit == nil {
		return
	}
	ctx := audit.In(r.Context(), audit.Call{ID: id, Transport: transport})
	err := s.options.Audit.Record(ctx, audit.Event{Action: audit.Refused, Outcome: "refused", Reason: reason, Subject: subject})
	if err != nil { // it stays refused
		s.log.ErrorContext(r.Context(), "refusal not recorded", "call", id, "error", err)
	}
}
