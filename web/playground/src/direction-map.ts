import type { DirectionPrediction } from '@rapport/client';
import { s } from './dom.js';

const SIZE = 200;
const CENTRE = SIZE / 2;
const RING = 74;
const NODE = 13;

/**
 * The clusters on a ring: where the conversation came from, where it is, and by the width of the lines where it may go
 * next. The bars beside it say the same in words, so screen readers skip the drawing.
 */
export function directionMap(answer: DirectionPrediction): SVGElement {
  const clusters = Object.keys(answer.transition_probabilities).map(Number);
  const [before, now] = answer.current_state;
  const next = answer.predicted_next_cluster;
  const at = (cluster: number): [number, number] => {
    const angle = (2 * Math.PI * clusters.indexOf(cluster)) / clusters.length - Math.PI / 2;
    return [CENTRE + RING * Math.cos(angle), CENTRE + RING * Math.sin(angle)];
  };

  const lines = clusters.map((cluster) => leaving(now, cluster));
  const past = before === now ? [] : [path(before, now, 'path past')];
  const nodes = clusters.map((cluster) => {
    const [x, y] = at(cluster);
    const kind = cluster === now ? 'now' : cluster === next ? 'next' : cluster === before ? 'before' : '';
    return s(
      'g',
      { class: `node ${kind}`.trim(), transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` },
      s('circle', { r: NODE }),
      s('text', { 'text-anchor': 'middle', dy: '0.35em', text: cluster + 1 }),
    );
  });
  return s('svg', { class: 'map', viewBox: `0 0 ${SIZE} ${SIZE}`, 'aria-hidden': 'true' }, ...past, ...lines, ...nodes);

  function leaving(from: number, to: number): SVGElement {
    const probability = answer.transition_probabilities[to] ?? 0;
    const line = path(from, to, to === next ? 'path likely' : 'path');
    line.setAttribute('stroke-width', (0.5 + probability * 7).toFixed(2));
    return line;
  }

  // Bent towards the centre, so that the way there and the way back do not lie on each other.
  function path(from: number, to: number, kind: string): SVGElement {
    const [x1, y1] = at(from);
    const [x2, y2] = at(to);
    if (from === to) {
      const [dx, dy] = [(x1 - CENTRE) / RING, (y1 - CENTRE) / RING];
      const [cx, cy] = [x1 + dx * NODE, y1 + dy * NODE];
      return s('circle', { class: kind, cx: cx.toFixed(1), cy: cy.toFixed(1), r: NODE * 0.7 });
    }
    const side = kind === 'path past' ? 16 : -16;
    const length = Math.hypot(x2 - x1, y2 - y1);
    const bendX = (x1 + x2) / 2 + (side * (y2 - y1)) / length;
    const bendY = (y1 + y2) / 2 - (side * (x2 - x1)) / length;
    const d = `M${x1.toFixed(1)} ${y1.toFixed(1)}Q${bendX.toFixed(1)} ${bendY.toFixed(1)} ${x2.toFixed(1)} ${y2.toFixed(1)}`;
    return s('path', { class: kind, d });
  }
}
