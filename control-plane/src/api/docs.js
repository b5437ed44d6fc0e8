// Shows the API document with Swagger UI, and makes "Try it out" work for whoever is signed in.

const dark = matchMedia("(prefers-color-scheme: dark)");
const followColours = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followColours);
followColours();

// A request that changes something with the session cookie needs the session's token beside it.
async function withCsrfToken(request) {
  const isSafe = ["GET", "HEAD"].includes(request.method ?? "GET");
  if (isSafe || request.headers["Authorization"] || request.headers["X-CSRF-Token"]) return request;
  const me = await fetch("me");
  if (me.ok) request.headers["X-CSRF-Token"] = (await me.json()).csrf_token;
  return request;
}

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  validatorUrl: null,
  requestInterceptor: withCsrfToken,
});
