import type { TopLevelSpec } from 'vega-lite'

/** Draws a Vega-Lite specification as an SVG document. Vega is imported only here, because no other command needs it. */
export async function drawSvg(spec: TopLevelSpec): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')])
  const { spec: compiled } = vegaLite.compile(spec)
  const view = new vega.View(vega.parse(compiled), { renderer: 'none' })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}
