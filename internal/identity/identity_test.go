package identity

import (
	"context"
	"testing"
)

func TestSubjects(t *testing.T) {
	seen := map[string]string{Local().Subject: "local"}
	for _, who := range [][2]string{
		{"https://a.example", "7"}, {"https://b.example", "7"}, {"https://a.example", "8"},
		{"https://a.example7", ""}, {"", "https://a.example7"}, {"https://a.example", "local"}, {"", "local"},
	} {
		subject := Remote(who[0], who[1], nil).Subject
		if other, ok := seen[subject]; ok {
			t.Errorf("%q has the subject of %s", who, other)
		}
		seen[subject] = who[0] + " " + who[1]
		if subject != Remote(who[0], who[1], []string{Curate}).Subject || len(subject) != 43 {
			t.Errorf("%q: subject %q", who, subject)
		}
	}
}

func TestCallerInContext(t *testing.T) {
	if _, ok := From(context.Background()); ok {
		t.Error("a caller came from nowhere")
	}
	if _, ok := From(With(context.Background(), Caller{})); ok {
		t.Error("nobody is a caller")
	}
	if c, ok := From(With(context.Background(), Local())); !ok || !c.Local || !c.May(LoyaltyRead, ProfileRead, ProfileWrite, Curate) {
		t.Errorf("got %+v, %v", c, ok)
	}
	c := Remote("https://a.example", "7", []string{LoyaltyRead})
	if c.Local || !c.May() || !c.May(LoyaltyRead) || c.May(LoyaltyRead, ProfileRead) || c.May("") {
		t.Errorf("got %+v", c)
	}
}
