import { readFileSync } from 'node:fs'
import type { Region } from '../../src/labeling/types.ts'

interface Captured {
  name: string
  config: string
  data: Record<string, unknown> | null
  result: Region[] | null
}

/** Configs, task data and predictions as a real Label Studio 1.23.2 sent them in its webhooks. */
export const CAPTURED: Captured[] = JSON.parse(
  readFileSync(new URL('captured.json', import.meta.url), 'utf8'),
)

/** Labeling configs for the tags and ways of writing that the captured ones don't have. */
export const CONFIGS = {
  'entities with relations': `<View>
    <Relations><Relation value="works for"/><Relation value="lives in"/></Relations>
    <Labels name="ner" toName="text"><Label value="PER" alias="person"/><Label value="ORG"/></Labels>
    <Text name="text" value="$text"/>
  </View>`,
  'boxes with a text per region': `<View>
    <Image name="img" value="$image" zoom="true"/>
    <RectangleLabels name="box" toName="img"><Label value="Sign"/><Label value="Plate"/></RectangleLabels>
    <TextArea name="transcript" toName="img" perRegion="true" editable="true"/>
    <Choices name="legible" toName="img" perRegion="true"><Choice value="yes"/><Choice value="no"/></Choices>
    <Rating name="certainty" toName="img" perRegion="true" maxRating="3"/>
    <Number name="speed" toName="img" perRegion="true"/>
  </View>`,
  'shapes and labels as separate tags': `<View>
    <Image name="image" value="$ocr"/>
    <Labels name="label" toName="image"><Label value="Text"/><Label value="Stamp"/></Labels>
    <Rectangle name="bbox" toName="image" strokeWidth="3"/>
    <Polygon name="poly" toName="image"/>
    <TextArea name="reading" toName="image" perRegion="true"/>
  </View>`,
  'every shape': `<View>
    <Image name="img" value="$image"/>
    <RectangleLabels name="rect" toName="img"><Label value="A"/></RectangleLabels>
    <EllipseLabels name="ell" toName="img"><Label value="A"/></EllipseLabels>
    <PolygonLabels name="pol" toName="img"><Label value="A"/></PolygonLabels>
    <KeyPointLabels name="key" toName="img"><Label value="A"/></KeyPointLabels>
    <BrushLabels name="bru" toName="img"><Label value="A"/></BrushLabels>
    <BitmaskLabels name="bit" toName="img"><Label value="A"/></BitmaskLabels>
    <VectorLabels name="vec" toName="img"><Label value="A"/></VectorLabels>
  </View>`,
  'every shape without labels': `<View>
    <Image name="img" value="$image"/>
    <Rectangle name="rect" toName="img"/><Ellipse name="ell" toName="img"/><Polygon name="pol" toName="img"/>
    <KeyPoint name="key" toName="img"/><Brush name="bru" toName="img"/><MagicWand name="wand" toName="img"/>
    <Bitmask name="bit" toName="img"/><Vector name="vec" toName="img"/>
  </View>`,
  'several images': `<View>
    <Image name="pages" valueList="$images"/>
    <RectangleLabels name="box" toName="pages"><Label value="Table"/></RectangleLabels>
    <Choices name="kind" toName="pages"><Choice value="invoice"/><Choice value="letter"/></Choices>
  </View>`,
  taxonomy: `<View>
    <Text name="text" value="$text"/>
    <Taxonomy name="topic" toName="text">
      <Choice value="Animals"><Choice value="Dogs"><Choice value="Labrador"/></Choice><Choice value="Birds"/></Choice>
      <Choice value="Plants" alias="flora"><Choice value="Trees"/></Choice>
    </Taxonomy>
  </View>`,
  'taxonomy from another server': `<View>
    <Text name="text" value="$text"/><Taxonomy name="topic" toName="text" apiUrl="https://example.com/topics"/>
  </View>`,
  'labels from the data': `<View>
    <Labels name="ner" toName="text" value="$labels"/>
    <Choices name="intent" toName="text" value="$options" choice="multiple"><Choice value="none of these"/></Choices>
    <Text name="text" value="$text"/>
  </View>`,
  'nested choices': `<View>
    <Choices name="path" toName="text" allowNested="true" choice="multiple">
      <Choice value="Fault"><Choice value="Engine"/><Choice value="Brakes"/></Choice><Choice value="Question"/>
    </Choices>
    <Text name="text" value="$text"/>
  </View>`,
  'nested views': `<View><Style>.a { content: "$nothing" }</Style>
    <View style="display: flex"><View><Header value="$title"/><View><Text name="text" value="$body.text"/></View></View></View>
    <View visibleWhen="choice-selected" whenTagName="ok" whenChoiceValue="no">
      <Choices name="why" toName="text" choice="multiple"><View><Header value="Pick"/><View><Choice value="wrong"/></View></View><Choice value="rude"/></Choices>
    </View>
    <Choices name="ok" toName="text"><Choice value="yes" alias="y"/><Choice value="no" alias="n"/></Choices>
  </View>`,
  'text written in every way': `<?xml version="1.0" encoding="UTF-8"?>
  <!-- a comment with <Choices name="text" toName="nobody"/> -->
  <View>
    <Text name="text" value="$text"/>
    <Choices name="a&amp;b" toName="text"><Choice value="&lt;5 &quot;quoted&quot; &#8364;"/><Choice value='it&apos;s'/></Choices>
    <Header><![CDATA[Which <one> & why?]]></Header>
  </View>`,
  pairwise: `<View>
    <Header value="$prompt"/><Text name="a" value="$answer_a"/><Text name="b" value="$answer_b"/>
    <Pairwise name="better" toName="a,b"/><Choices name="both" toName="a,b"><Choice value="bad"/></Choices>
  </View>`,
  'ranking without buckets':
    '<View><List name="hits" value="$hits" title="Hits"/><Ranker name="order" toName="hits"/></View>',
  'video with a timeline': `<View>
    <Video name="video" value="$video" framerate="$fps"/>
    <TimelineLabels name="scene" toName="video"><Label value="Goal"/><Label value="Foul"/></TimelineLabels>
  </View>`,
  'video with boxes without labels':
    '<View><Video name="v" value="$video" framerate="25.0"/><VideoRectangle name="box" toName="v"/></View>',
  'audio with two channels': `<View>
    <Audio name="audio" value="$url" hotkey="space" sync="text"/>
    <Labels name="speaker" toName="audio" choice="multiple"><Label value="A"/><Label value="B"/></Labels>
    <Choices name="emotion" toName="audio" perRegion="true"><Choice value="calm"/><Choice value="angry"/></Choices>
    <Paragraphs name="text" value="$transcript" nameKey="who" textKey="said" audioUrl="$url"/>
  </View>`,
  'time series in JSON': `<View>
    <TimeSeries name="ts" value="$series" valueType="json" timeColumn="t"><Channel column="speed"/><Channel column="heat"/></TimeSeries>
    <TimeSeriesLabels name="event" toName="ts"><Label value="Run"/><Label value="Stop"/></TimeSeriesLabels>
  </View>`,
  'time series with dates': `<View>
    <TimeSeriesLabels name="event" toName="ts"><Label value="Run"/></TimeSeriesLabels>
    <TimeSeries name="ts" value="$csv" timeColumn="t" timeFormat="%Y-%m-%d %H:%M:%S"><Channel column="speed"/></TimeSeries>
  </View>`,
  'HTML spans': `<View>
    <HyperTextLabels name="part" toName="page"><Label value="Title"/></HyperTextLabels>
    <HyperText name="page" value="$html"/>
  </View>`,
  'labels on HTML from a URL': `<View>
    <Labels name="part" toName="page"><Label value="Title"/></Labels><HyperText name="page" value="$url" valueType="url"/>
  </View>`,
  chat: `<View>
    <Chat name="chat" value="$conversation"/>
    <Rating name="score" toName="chat" maxRating="10"/>
  </View>`,
  'chat that names itself': '<View><Chat name="chat" value="$chat" toName="chat" editable="true"/></View>',
  'date, time and year': `<View>
    <Text name="text" value="$text"/>
    <DateTime name="moment" toName="text"/>
    <DateTime name="day" toName="text" only="date"/>
    <DateTime name="german" toName="text" only="date" format="%d.%m.%Y"/>
    <DateTime name="clock" toName="text" only="time"/>
    <DateTime name="year" toName="text" only="year" format="%Y"/>
    <DateTime name="named" toName="text" format="%d %B %Y"/>
  </View>`,
  'a table':
    '<View><Table name="row" value="$row"/><Number name="total" toName="row" min="10" max="20"/></View>',
  'a repeater': `<View>
    <Repeater on="$pages" indexFlag="{{idx}}">
      <Image name="page_{{idx}}" value="$pages[{{idx}}].url"/>
      <RectangleLabels name="box_{{idx}}" toName="page_{{idx}}"><Label value="Figure"/></RectangleLabels>
    </Repeater>
  </View>`,
  'a PDF read as pages': `<View>
    <Pdf name="pdf" value="$pdf"/><OcrLabels name="ocr" toName="pdf"><Label value="Total"/></OcrLabels>
  </View>`,
  'tags of other editions': `<View>
    <ReactCode name="widget" data="$state" toName="widget"/>
    <Sketch name="sketch" toName="text"/><Text name="text" value="Compare $first with $second for $5"/>
    <Filter name="filter" toName="sketch"/>
  </View>`,
  'lower-case attributes': `<View>
    <Text name="text" value="$text"/><Paragraphs name="p" value="$p" namekey="n" textkey="t"/>
    <ParagraphLabels name="pl" toName="p"><Label value="X"/></ParagraphLabels>
    <Rating name="stars" toName="text" maxrating="3"/>
  </View>`,
} as const

export type ConfigName = keyof typeof CONFIGS
