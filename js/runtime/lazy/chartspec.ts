// The part of Vega-Lite that a panel may use: names, values and events outside of these lists do not reach the library.

type Plain = Record<string, unknown>;

/** A specification of which only known parts are left, and where something else stood. */
export interface ChartSpec {
  readonly spec: Plain;
  /** Paths of what was left out, such as `usermeta` and `params.0.bind`. */
  readonly left: readonly string[];
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter(Boolean));

/** Marks that draw shapes and text. Vega-Lite's image mark loads an address for each row, so it is not one of them. */
const MARKS = words("arc area bar boxplot circle errorband errorbar geoshape line point rect rule square text tick trail");

/**
 * Property names of Vega-Lite, anywhere in a specification. Left out are those that name elements of the page or load something
 * (bind, element, href, url, usermeta, cursor, image, source, consume, between), and those that make rows without end (sequence, keyvals).
 */
const NAMES = words(`
  aggregate align anchor and angle arc area argmax argmin as aspect autosize axis axisBand axisBottom axisDiscrete axisLeft axisPoint axisQuantitative
  axisRight axisTemporal axisTop axisX axisXBand axisXDiscrete axisXPoint axisXQuantitative axisXTemporal axisY axisYBand axisYDiscrete axisYPoint
  axisYQuantitative axisYTemporal background band bandPaddingInner bandPaddingOuter bandPosition bandSize bandWithNestedOffsetPaddingInner
  bandWithNestedOffsetPaddingOuter bandwidth bar barBandPaddingInner base baseline bin binSpacing binned bins blend borders bottom bounds box boxplot
  calculate category center circle clamp clear clip clipAngle clipExtent clipHeight coefficient color column columnPadding columns concat condition
  config constant contains content continuousBandSize continuousHeight continuousPadding continuousWidth cornerRadius cornerRadiusBottomLeft
  cornerRadiusBottomRight cornerRadiusEnd cornerRadiusTopLeft cornerRadiusTopRight count countTitle counts cumulative data date datum day debounce
  default density description detail dir direction disable discreteBandSize discreteHeight discreteWidth distance diverging domain domainCap domainColor
  domainDash domainDashOffset domainMax domainMid domainMin domainOpacity domainRaw domainWidth dx dy ellipsis empty encoding encodings endAngle equal
  errorband errorbar exponent expr extent extentMajor extentMinor facet field fieldTitle fields fill fillColor fillOpacity filled filter fit flatten fold
  font fontSize fontStyle fontWeight format formatType fraction frame from gamma geoshape gradient gradientDirection gradientHorizontalMaxLength
  gradientHorizontalMinLength gradientLabelLimit gradientLabelOffset gradientLength gradientOpacity gradientStrokeColor gradientStrokeWidth
  gradientThickness gradientVerticalMaxLength gradientVerticalMinLength grid gridAlign gridCap gridColor gridDash gridDashOffset gridOpacity gridWidth
  groupby gt gte hconcat header headerColumn headerFacet headerRow heatmap height hours ignorePeers impute innerRadius interpolate interval invalid
  joinaggregate key labelAlign labelAnchor labelAngle labelBaseline labelBound labelColor labelExpr labelFlush labelFlushOffset labelFont labelFontSize
  labelFontStyle labelFontWeight labelLimit labelLineHeight labelOffset labelOpacity labelOrient labelOverlap labelPadding labelSeparation labels
  latitude latitude2 layer layout left legend legendX legendY limit line lineBreak lineHeight lobes loess longitude longitude2 lookup lt lte mark max
  maxBandSize maxExtent maxFontSize maxOpacity maxSize maxStrokeWidth maxbins maxsteps mean median merge method milliseconds min minBandSize minExtent
  minFontSize minOpacity minSize minStrokeWidth minstep minsteps minutes month name nearest nice normalizedNumberFormat not numberFormat offset
  offsetBandPaddingInner offsetBandPaddingOuter on oneOf op opacity or order ordinal orient outerRadius outliers padAngle padding paddingInner paddingOuter
  parallel parallels param params parse pivot point pointPadding pointRadius precision probs projection quantile quarter r1 r2 radius radius2 radius2Offset
  radiusOffset ramp range rangeMax rangeMin ratio rect rectBandPaddingInner reflectX reflectY regression repeat resolve reverse right rotate round row
  rowPadding rule sample scale scheme seconds select selection shape single size smooth sort spacing spec square stack start startAngle step stepMajor
  stepMinor steps stops strokeCap stroke strokeColor strokeDash strokeDashOffset strokeJoin strokeMiterLimit strokeOffset strokeOpacity strokeWidth
  subtitle subtitleColor subtitleFont subtitleFontSize subtitleFontStyle subtitleFontWeight subtitleLineHeight subtitlePadding symbol
  symbolBaseFillColor symbolBaseStrokeColor symbolDash symbolDashOffset symbolDirection symbolFillColor symbolLimit symbolOffset symbolOpacity symbolSize
  symbolStrokeColor symbolStrokeWidth symbolType tension test text theta theta2 theta2Offset thetaOffset thickness tick tickBand tickBandPaddingInner
  tickCap tickColor tickCount tickDash tickDashOffset tickExtra tickMinStep tickOffset tickOpacity tickRound tickSize tickWidth ticks tilt timeFormat
  timeUnit timeUnitBandPosition timeUnitBandSize title titleAlign titleAnchor titleAngle titleBaseline titleColor titleFont titleFontSize titleFontStyle
  titleFontWeight titleLimit titleLineHeight titleOpacity titleOrient titlePadding titleX titleY toggle tooltip tooltipFormat top trail transform translate
  type unit unselectedOpacity utc valid value values vconcat view week width window x x1 x2 x2Offset xError xError2 xOffset y y1 y2 y2Offset yError yError2
  yOffset year zero zindex zoom`);

/** Names below which authors' own names stand: rows, the columns of a format, the values of a parameter. */
const OPEN = words("values parse value");
/** Where a value is a colour or a font, and the names that lead from there to one. */
const PAINT = /^(?:background|fill|stroke|color|font|range|category|diverging|heatmap|ordinal|ramp)$|(?:Color|Font)$/;
const PAINT_BELOW = words("value condition range scale stops color");
/** A word, a number, a list of names, or a function of numbers such as `rgb(1 2 3 / 50%)`. */
const PLAIN_PAINT = /^[\w#%.,\s'"+/-]*(?:\((?:[\d.,%\s/+-]|deg|turn)*\))?$/;
/** Gestures on the chart itself. Sources in the page, such as `window:keydown`, are not among them. */
const EVENTS = words("click dblclick mousedown mouseup mousemove mouseover mouseout pointerdown pointerup pointermove pointerover pointerout wheel touchstart touchmove touchend");
const EVENT_NAMES = words("on clear translate zoom toggle");
/** Names of counts that the library would work through one by one. */
const COUNTS = words("steps minsteps maxsteps maxbins tickCount limit sample minstep columns");
const MOST = 1000;
/** Deeper than any chart that is drawn. */
const DEEPEST = 40;

/** Return the parts of a Vega-Lite specification that a panel may use. Throws a sentence when there is no chart in it. */
export function chartSpec(spec: unknown): ChartSpec {
  if (!isPlain(spec)) throw new Error("The chart's spec is not a record. Write a Vega-Lite specification in { }.");
  const copy = new Copy();
  return { spec: copy.record(spec, "", false, 0), left: copy.left };
}

function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

class Copy {
  readonly left: string[] = [];

  record(from: Plain, path: string, paint: boolean, depth: number): Plain {
    const kept: Plain = {};
    for (const [name, value] of Object.entries(from)) {
      const at = path ? `${path}.${name}` : name;
      const copied = NAMES.has(name) ? this.named(name, value, at, paint, depth) : undefined;
      if (copied === undefined) this.left.push(at);
      else kept[name] = copied;
    }
    return kept;
  }

  /** The value of a known name, or undefined when it may not stand there. */
  private named(name: string, value: unknown, at: string, paint: boolean, depth: number): unknown {
    if (name === "mark" || (name === "type" && /(?:^|\.)mark\.type$/.test(at))) this.requireMark(value);
    if (EVENT_NAMES.has(name) && typeof value !== "boolean" && name !== "toggle") return typeof value === "string" && EVENTS.has(value) ? value : undefined;
    const below = PAINT.test(name) || (paint && PAINT_BELOW.has(name));
    if (OPEN.has(name) && typeof value === "object" && !below) return structuredClone(value);
    if (COUNTS.has(name) && typeof value === "number") return Math.min(value, MOST);
    return this.value(value, at, below, depth + 1);
  }

  private value(value: unknown, at: string, paint: boolean, depth: number): unknown {
    if (depth > DEEPEST) return undefined;
    if (typeof value === "string") return paint && !PLAIN_PAINT.test(value) ? undefined : value;
    if (Array.isArray(value)) return value.flatMap((item: unknown, i) => {
      const copied = this.value(item, `${at}.${i}`, paint, depth + 1);
      if (copied === undefined) this.left.push(`${at}.${i}`);
      return copied === undefined ? [] : [copied];
    });
    return isPlain(value) ? this.record(value, at, paint, depth) : value;
  }

  private requireMark(mark: unknown): void {
    const type = isPlain(mark) ? mark["type"] : mark;
    if (typeof type === "string" && !MARKS.has(type)) throw new Error(`A panel's chart has no mark '${type.slice(0, 40)}'. Use one of ${[...MARKS].join(", ")}.`);
  }
}
