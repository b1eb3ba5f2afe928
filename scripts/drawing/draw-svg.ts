import type { TopLevelSpec } from 'vega-lite'
import { missingPackages } from '../../lib/bundle/optional-packages.ts'
import { UsageError } from '../../lib/errors.ts'

/**
 * Draws a Vega-Lite specification as an SVG document. Vega is imported only here, because no other command needs it.
 *
 * @throws UsageError `PACKAGE_MISSING` if Vega is not installed
 */
export async function drawSvg(spec: TopLevelSpec): Promise<string> {
  const missing = missingPackages(['vega', 'vega-lite'])
  if (missing)
    throw new UsageError('PACKAGE_MISSING', `lander cannot draw a picture: ${missing.fact}`, { remedy: missing.remedy })
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')])
  // Vega counts the elements of all pictures of a process. From zero, the same picture has the same names.
  vega.resetSVGDefIds()
  const { spec: compiled } = vegaLite.compile(spec)
  const view = new vega.View(vega.parse(compiled), { renderer: 'none' })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}
