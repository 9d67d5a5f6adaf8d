// The Go lines of docs/contracts/clients.md on the cases of standard input.
package main

import (
	"encoding/json"
	"os"

	"cases/tideline"
)

type reading struct {
	User   string            `json:"user"`
	NowMs  int64             `json:"now_ms"`
	Values map[string]string `json:"values"`
}

func main() {
	var cases []reading
	check(json.NewDecoder(os.Stdin).Decode(&cases))
	told := []any{}
	for _, each := range cases {
		entries, token, err := tideline.ReadList(func(keys ...string) ([][]byte, error) {
			values := make([][]byte, len(keys))
			for at, key := range keys {
				if value, there := each.Values[key]; there {
					values[at] = []byte(value)
				}
			}
			return values, nil
		}, each.User, each.NowMs)
		check(err)
		shown, sent := []any{}, []string{}
		for _, entry := range entries {
			shown = append(shown, []any{entry.Position, entry.Activity, textOrNull(entry.Variant)})
		}
		if len(entries) > 0 {
			event, err := tideline.Event(each.User, "conversion", entries[0], token, each.NowMs, map[string]any{"value": 12.5})
			check(err)
			sent = append(sent, string(event))
		}
		told = append(told, map[string]any{"shown": shown, "token": textOrNull(token), "sent": sent})
	}
	check(json.NewEncoder(os.Stdout).Encode(told))
}

func textOrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
