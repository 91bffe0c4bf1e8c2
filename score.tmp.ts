import { readFileSync } from 'node:fs';
import { classifyTensors } from './src/layer-types/classify.ts';
const files = process.argv.slice(2);
let n=0, wrong=0; const conf=new Map<string,Map<string,number>>(); const miss=new Map<string,number>(); const ex=new Map<string,string>();
const uniq=new Set<string>(); const un={n:0,w:0};
for (const f of files) {
 let arch=''; let rows: any[]=[];
 const flush=()=>{ if(!rows.length) return; const cl=classifyTensors(rows); rows.forEach((r,i)=>{ const got=cl[i]!.type; if(r.type==='?') return; n+=r.count; const k=conf.get(r.type)??new Map(); conf.set(r.type,k); k.set(got,(k.get(got)??0)+r.count); const tpl=r.name.replace(/(?<![^.])\d+(?![^.])/g,'#')+r.type; const first=!uniq.has(tpl); uniq.add(tpl); if(first) un.n++; if(got!==r.type){wrong+=r.count; if(first){un.w++; console.log(`${r.type}->${got}\t${r.count}\t${arch}\t${r.name}\t${r.shape.length}`);} } }); rows=[]; };
 let prev: string[]=[];
 for (const line of readFileSync(f,'utf8').split('\n')) {
  if (line.startsWith('# ')) { flush(); arch=line.slice(2); prev=[]; continue; }
  const m=/^(\d+) (.*) (\d+) (\S+) (\d+)$/.exec(line); if(!m) continue;
  const name=[...prev.slice(0,Number(m[1])),...m[2]!.split('.')]; prev=name;
  rows.push({name:name.join('.'),shape:Array(Number(m[3])).fill(8),type:m[4],count:Number(m[5])});
 }
 flush();
}
console.error(n,wrong,(100-100*wrong/n).toFixed(2)+'%','templates',un.n,un.w,(100-100*un.w/un.n).toFixed(2)+'%');
for (const [k,v] of [...conf].sort()) { const tot=[...v.values()].reduce((a,b)=>a+b,0); console.error(k.padEnd(13), tot, ((v.get(k)??0)/tot*100).toFixed(1)+'%', [...v].filter(([x])=>x!==k).sort((a,b)=>b[1]-a[1]).slice(0,6).map(([x,c])=>x+':'+c).join(' ')); }
