// What pages do beyond links and forms. All works without it.
addEventListener("DOMContentLoaded", () => {
  const find = id => document.getElementById(id)
  const live = find("live"), pause = find("pause"), stream = find("stream"), theme = find("theme")
  let paused = false, last = ""

  const say = (state, text) => {
    if (live.dataset.state !== state) { live.dataset.state = state; live.textContent = text }
  }
  const url = () => {
    const made = new URL(stream.getAttribute("hx-sse:connect"), location.href)
    if (last) made.searchParams.set("after", last)
    return made.pathname + made.search
  }

  if (stream) {
    pause.hidden = false
    say("off", "connecting")
    const on = (name, does) => document.addEventListener("htmx:sse:" + name, does)
    on("after:connection", () => say("live", "live"))
    on("before:message", event => { last = event.detail.message.id || last })
    on("error", () => paused || say("lost", "lost, retrying"))
    on("before:connection", event => {
      if (paused) event.detail.connection.cancelled = true
      else if (event.detail.connection.attempt) say(document.hidden ? "off" : "lost", document.hidden ? "paused" : "lost, retrying")
    })
    document.addEventListener("htmx:response:error", () => say("lost", "lost: reload the page"))
    pause.onclick = () => {
      paused = !paused
      pause.textContent = paused ? "Go live" : "Pause"
      if (paused) {
        say("off", "paused")
        stream._htmx?.sse?.reader?.cancel()
      } else htmx.ajax("GET", url(), { source: stream, swap: "none" })
    }
  }

  const at = find("at"), shown = find("at-shown")
  if (at) at.oninput = () => { shown.value = at.value }

  const themes = ["auto", "light", "dark"]
  const show = () => { theme.querySelector("span").textContent = document.documentElement.dataset.theme }
  theme.hidden = false
  theme.onclick = () => {
    const root = document.documentElement
    root.dataset.theme = localStorage.theme = themes[(themes.indexOf(root.dataset.theme) + 1) % 3]
    show()
  }
  show()

  // Cards by mouse: to another's place; failed ones into the queue.
  let held
  const aim = ({ target }) => {
    const mine = [...document.querySelectorAll("#column-ready li")].filter(li => li.dataset.agent === held?.dataset.agent)
    const from = mine.indexOf(held), to = mine.indexOf(target.closest("li"))
    if (from < 0 || to < 0 || from === to) return target.closest("#column-ready") && held?.querySelector("[action$=revive]")
    const place = held.querySelector("[name=before]")
    place.value = mine[to + (from < to)]?.dataset.job || 0
    return place.form
  }
  document.ondragstart = ({ target }) => { held = target.closest?.("li[draggable]") }
  document.ondragover = document.ondrop = event => {
    const form = aim(event)
    if (form) event.preventDefault()
    if (form && event.type === "drop") form.submit()
  }

  document.addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) event.target.form.requestSubmit()
  })
})
