package simulator

import "net/http"

func (s *Simulator) controlHandler() http.Handler { return http.NewServeMux() }
