package inbox

import "time"

// Hurry gives responders less time.
func (s *Service) Hurry(d time.Duration) { s.patience = d }
