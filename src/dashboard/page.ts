import { htmlPage } from '../http/html.ts'

/** What a person sees who opens the service in a browser: where everything is. */
export function dashboardPage(): string {
  return htmlPage(
    'Label Studio Monitor',
    `<h1>Label Studio Monitor</h1>
<p>The service is up.</p>
<ul>
<li><a href="docs">Reference of the API</a></li>
<li><a href="evaluations">Live evaluations</a></li>
<li><a href="runs">Runs</a></li>
<li><a href="monitors">Monitors</a></li>
<li><a href="ready">Is it ready?</a></li>
</ul>`,
  )
}
