/** What the page's script fills; nothing of the batch stands in it. */
export const skeleton = `<body>
<noscript>This page shows its data with a script of its own, and scripts are switched off.</noscript>
<main id="page" hidden>
  <header class="head">
    <div>
      <p class="eyebrow">sandbox batch<span id="ending" class="pill"></span></p>
      <h1 id="name"></h1>
      <p id="verdict" class="verdict"></p>
    </div>
    <dl id="facts" class="facts"></dl>
  </header>
  <div id="outcome" class="outcome" role="img"></div>
  <div id="chips" class="chips" role="group" aria-label="Show only tasks that ended so"></div>
  <section class="card" aria-labelledby="timeline-title">
    <div class="card-head">
      <h2 id="timeline-title">Timeline</h2>
      <p id="timeline-note" class="note"></p>
      <button id="zoom-out" class="quiet" type="button" hidden>Show the whole batch</button>
    </div>
    <div id="timeline" class="timeline"></div>
  </section>
  <div class="pair">
    <section class="card" aria-labelledby="durations-title">
      <div class="card-head">
        <h2 id="durations-title">Durations</h2>
        <p id="durations-note" class="note"></p>
      </div>
      <div id="durations"></div>
    </section>
    <section class="card" aria-labelledby="slowest-title">
      <div class="card-head"><h2 id="slowest-title">Slowest</h2></div>
      <ol id="slowest" class="slowest"></ol>
    </section>
  </div>
  <section class="card tasks" aria-labelledby="tasks-title">
    <div class="card-head">
      <h2 id="tasks-title">Tasks</h2>
      <p id="shown" class="note" aria-live="polite"></p>
      <label class="search">
        <span class="unseen">Search in id, command and reason</span>
        <input id="search" type="search" placeholder="Search id, command, reason" autocomplete="off" spellcheck="false">
        <kbd aria-hidden="true">/</kbd>
      </label>
    </div>
    <div class="scroll">
      <table>
        <thead><tr id="columns"></tr></thead>
        <tbody id="rows"></tbody>
      </table>
    </div>
    <p id="more" class="more"></p>
  </section>
  <footer id="footer" class="footer"></footer>
</main>
`;
