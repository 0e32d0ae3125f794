import { describe, expect, test } from 'vitest'
import { CAPTURED } from './configs.ts'
import { outline } from './outline.ts'

describe('a config that Label Studio sent', () => {
  const expected: Record<string, ReturnType<typeof outline>> = {
    'audio-labels': {
      controls: ['seg:labels→audio[Speech|Noise]', 'transcription:textarea→audio[]/'],
      objects: ['audio:Audio=audio'],
      data: ['audio'],
    },
    'bbox-rectanglelabels': {
      controls: ['box:rectanglelabels→image[Car|Person]'],
      objects: ['image:Image=image'],
      data: ['image'],
    },
    'brush-rle': {
      controls: ['mask:brushlabels→image[Lesion]'],
      objects: ['image:Image=image'],
      data: ['image'],
    },
    chat: {
      controls: ['chat:chatmessage→chat[]', 'ok:choices→chat[good|bad]'],
      objects: ['chat:Chat=chat'],
      data: ['chat'],
    },
    'choices-multiple': {
      controls: ['topics:choices→text[Billing|Shipping|Returns|Account]'],
      objects: ['text:Text=text'],
      data: ['text'],
    },
    'choices-single': {
      controls: ['sentiment:choices→text[Positive|Neutral|Negative]'],
      objects: ['text:Text=text'],
      data: ['text'],
    },
    'empty-prediction-regions-added': {
      controls: ['label:labels→text[PER|ORG|LOC]'],
      objects: ['text:Text=text'],
      data: ['text'],
    },
    'label-config-extended': {
      controls: ['sentiment:choices→text[Positive|Neutral|Mixed|Negative]'],
      objects: ['text:Text=text'],
      data: ['text'],
    },
    'label-config-used-label-removed': {
      controls: ['sentiment:choices→text[Positive|Negative]'],
      objects: ['text:Text=text'],
      data: ['text'],
    },
    keypoint: {
      controls: ['kp:keypointlabels→image[Nose|Ear]'],
      objects: ['image:Image=image'],
      data: ['image'],
    },
    number: { controls: ['amount:number→text[]'], objects: ['text:Text=text'], data: ['text'] },
    pairwise: {
      controls: ['pw:pairwise→left,right[]'],
      objects: ['left:Text=answer1', 'right:Text=answer2'],
      data: ['prompt', 'answer1', 'answer2'],
    },
    'paragraphs-dialogue': {
      controls: ['intent:paragraphlabels→dlg[Request|Refusal]'],
      objects: ['dlg:Paragraphs=dialogue'],
      data: ['dialogue'],
    },
    'qa-textarea': {
      controls: ['answer:textarea→question[]'],
      objects: ['question:Text=question'],
      data: ['question'],
    },
    ranker: {
      controls: ['rank:ranker→results[relevant|irrelevant]'],
      objects: ['q:Text=query', 'results:List=items'],
      data: ['query', 'items'],
    },
    'rating-choices-textarea': {
      controls: [
        'quality:rating→answer[]',
        'grounded:choices→answer[Yes|No]',
        'correction:textarea→answer[]',
      ],
      objects: ['question:Text=question', 'answer:Text=answer'],
      data: ['question', 'answer'],
    },
    'datetime-other-format': {
      controls: ['when:datetime→text[]'],
      objects: ['text:Text=text'],
      data: ['text'],
    },
    'video-rectangle': {
      controls: ['vl:labels→video[Ball|Player]', 'box:videorectangle→video[]'],
      objects: ['video:Video=video'],
      data: ['video'],
    },
  }

  test.each(CAPTURED)('$name', ({ name, config }) => {
    expect(outline(config)).toEqual(expected[name])
  })
})
