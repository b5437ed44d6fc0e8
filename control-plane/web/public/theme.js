// Before the first paint: the theme somebody chose, if they chose one. A file of its own because the
// Content-Security-Policy allows no inline scripts.
try {
  const theme = localStorage.getItem('slipway:theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; then the system's theme it is.
}
